import type { Facts } from '../../engine/runner/facts.ts'
import { osOf } from '../os/os.ts'

/**
 * Whether keepalived of a host lets a file take the weight of a real server away (`FILE_CHECK`). 2.1.5 takes the words, and no check brings a
 * weight to 0 there but one that fails; 2.2.7 and later were seen to do it.
 */
export function followsFiles({ keepalived, ids, release }: Facts): boolean {
  const [major = 0, minor = 0] = keepalived.split('.').map(Number)
  if (keepalived !== '') return major > 2 || (major === 2 && minor >= 2)
  // What will be installed: RHEL 8 and its like have 2.1.5.
  return !(ids.includes('rhel') && release.split('.')[0] === '8')
}

/** What people are told where keepalived is another than most. */
export const withoutFileCheck =
  'this version of keepalived drains no real server by FILE_CHECK, which is left out: a check that fails does it'

/** @returns the program that fails in the place of the file, where one has to */
export const drainScriptOf = (facts: Facts): string | undefined =>
  followsFiles(facts) ? undefined : `${osOf(facts).scripts}/keepalived-drain.sh`
