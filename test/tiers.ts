// The tiers of the tests: what runs together, and with what.
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { releases } from '../lab/releases.ts'
import { root } from './run-file.ts'

export interface Tier {
  files: string
  /** Whether the files work with the machines of a lab. */
  lab: boolean
  /** Whether they look at pages in a browser. */
  browser?: boolean
  /** How many files run at a time. */
  atATime: number
  /** How long one file may take. */
  minutes: number
  /** The releases of the lab's machines, as LAB_RELEASE says them. */
  release?: string
  /** How many inventories are made, unless CASES says it. */
  cases?: number
}

// The machines of a lab keep two cores busy: with less than that each, they are late enough to lose answers that no change has cost.
const lab = { lab: true, atATime: Math.max(1, Math.floor(availableParallelism() / 2)), minutes: 50 }
const drills = { files: 'test/lab/8-*.test.mts', lab: true, atATime: 1, minutes: 50 }

export const tiers: Record<string, Tier> = {
  // Functions, and the bash that they write.
  unit: { files: 'test/*.test.mts', lab: false, atATime: availableParallelism() + 1, minutes: 20 },
  // Programs as a whole, with what this machine has: sshd, sudo, namespaces, packet filters, a browser. Some mostly wait.
  integration: {
    files: 'test/integration/*.test.mts',
    lab: false,
    browser: true,
    atATime: availableParallelism() + 2,
    minutes: 20,
  },
  lab: { files: 'test/lab/[1-7]-*.test.mts', ...lab },
  // A cluster that was made by hand.
  adoption: { files: 'test/lab/9-adoption.test.mts', ...lab },
  // What goes before a cluster and beside it, and clusters of other shapes than the article's.
  clusters: {
    files:
      'test/lab/9-{addresses,adverts,confirm,direct,hangs,import,packet-filters,persistence,pools,pull,real-servers,several,three-nodes,vrrp,ways,web}.test.mts',
    ...lab,
  },
  // Seconds are held against limits.
  failover: { ...drills, files: 'test/lab/9-failover.test.mts' },
  fuzz: { files: 'test/any-*.test.mts', lab: false, atATime: availableParallelism(), minutes: 30, cases: 1000 },
  drills,
  faults: { files: 'test/faults/*.test.mts', ...lab },
  // What differs among releases: packages, network, packet filter, keepalived. el-mixed has all levels of 13 too.
  debian13: { files: 'test/lab/[1235]-*.test.mts', ...lab, release: '13' },
  drills13: { ...drills, release: '13' },
  el: { files: 'test/lab/el-{levels,adoption,native,selinux}.test.mts', ...lab, release: 'ns1=el9,ns2=el10' },
  apparmor: { files: 'test/lab/apparmor.test.mts', ...lab, release: '12-apparmor' },
  'el-mixed': { files: 'test/lab/el-mixed.test.mts', ...lab, release: 'ns1=13,ns2=el9' },
}

/** @returns the files of a tier that match */
export const filesOf = ({ files }: Tier, pattern: string): string[] =>
  globSync(files, { cwd: root })
    .filter((file) => file.includes(pattern))
    .sort()

/**
 * @returns what the files of a tier find in their environment; what the person who runs them has said goes before what most
 *   tiers have
 */
export const environmentOf = ({ lab, release, cases }: Tier): Record<string, string> => ({
  // Without a word, the lab stays on what the file before had asked for.
  ...(lab && { LAB_RELEASE: release ?? process.env.LAB_RELEASE ?? releases[0]!.name }),
  ...(cases && { CASES: process.env.CASES ?? String(cases) }),
})
