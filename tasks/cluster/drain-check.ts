import type { Facts } from '../../engine/runner/facts.ts'
import { osOf } from '../os/os.ts'

/**
 * Whether keepalived of a host lets a file take the weight of a real server away (`FILE_CHECK`). 2.1.5 takes the words, and no check brings a
 * weight to 0 there but one that fails; 2.2.7 and later were seen to do it.
 */
export function followsFiles({ keepalived, ids, release }: Facts): boolean {
  const [major = 0, minor = 0] = keepalived.split('.').map(Number)
  if (keepalived !== '') return major > 2 || (major === 2 && minor >= 2)
  // What will be installed, as far as that is known: RHEL 8 and its like have 2.1.5, and not all of them call themselves like it.
  const [id = ''] = ids
  const first = id in firstReleases ? firstReleases[id] : ids.some((one) => /^(rhel|centos|fedora)$/.test(one)) ? 9 : 0
  // What has no number is newer than all that has one.
  return release === '' || Number(release.split('.')[0]) >= first!
}

/** The first releases of distributions whose keepalived does. */
const firstReleases: Readonly<Record<string, number>> = { debian: 12, raspbian: 12, ubuntu: 22, fedora: 0 }

/** What people are told where keepalived is another than most. */
export const withoutFileCheck =
  'this version of keepalived drains no real server by FILE_CHECK, which is left out: a check that fails does it'

/** @returns the program that fails in the place of the file, where one has to */
export const drainScriptOf = (facts: Facts): string | undefined =>
  followsFiles(facts) ? undefined : `${osOf(facts).scripts}/keepalived-drain.sh`
