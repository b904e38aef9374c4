import { type Script, sh } from '../../engine/base/sh.ts'

/** A pattern for where a module of the policy is while it is loaded; of any policy, at the priority of administrators. */
export const placeOf = (module: string): string => `/var/lib/selinux/*/active/modules/400/${module}`

/** Loads a module from a file in the policy's own language, in place of the one of that name. */
export const load = (source: string): Script => sh`semodule -X 400 -i ${source}`

/** Takes a module out, where it is loaded. */
export const unload = (module: string): Script =>
  sh`! compgen -G ${placeOf(module)} >/dev/null || semodule -X 400 -r ${module}`

/** Undoes a load over an earlier one of that name: the file has its earlier content again by then. */
export const loadAtEnd = (source: string): Script => sh`at_end ${load(source)}`
