import { type Script, sh } from '../../engine/base/sh.ts'

/** A pattern for where a module of the policy is while it is loaded; of any policy, at the priority of administrators. */
export const placeOf = (module: string): string => `/var/lib/selinux/*/active/modules/400/${module}`

/** Loads a module from a file in the policy's own language, in place of the one of that name. */
export const load = (source: string): Script => sh`semodule -X 400 -i ${source}`

/**
 * Takes back that a module was loaded.
 * @param source its file, whose earlier content comes back after this
 * @param was whether it was loaded before
 */
export const unload = (module: string, source: string, was: boolean): Script =>
  was
    ? sh`at_end semodule -X 400 -i ${source}`
    : sh`! compgen -G ${placeOf(module)} >/dev/null || semodule -X 400 -r ${module}`
