import type { Resource } from '../engine/runner/task.ts'
import { fileResource } from './file.ts'
import { lineResource } from './line.ts'
import { serviceResource } from './service.ts'
import { sysctlResource } from './sysctl.ts'

const kinds: readonly [key: RegExp, resource: (...words: string[]) => Resource][] = [
  [/^file ([^]+)$/, fileResource],
  [/^line in ([^]+?): ([^]*)$/, lineResource],
  [/^service (.+)$/, serviceResource],
  [/^sysctl (.+)$/, sysctlResource],
]

/** @returns how the resource of a key is read as it is; undefined for a kind that can't be read on its own */
export function resourceOf(key: string): Resource | undefined {
  for (const [pattern, resource] of kinds) {
    const words = key.match(pattern)
    if (words) return resource(...words.slice(1))
  }
  return undefined
}
