// How long files take: what takes longest begins first, and where time is short, what would not end in it does not begin.

/** Seconds on a machine of two cores without KVM, beside the files that run with it. Others take less. */
export const usual: Readonly<Record<string, number>> = {
  'lab/1-level1': 206,
  'lab/2-level2': 415,
  'lab/3-damage': 450,
  'lab/4-keepalived-config': 300,
  'lab/4-own-playbook': 168,
  'lab/5-level3': 1100,
  'lab/6-rolling': 632,
  'lab/7-operations': 780,
  'lab/8-drills': 140,
  'lab/9-adoption': 550,
  'lab/9-direct': 500,
  'lab/9-packet-filters': 320,
  'lab/9-pools': 550,
  'lab/9-real-servers': 520,
  'lab/9-several': 600,
  'lab/el-levels': 480,
  'lab/el-mixed': 1000,
  'faults/level2': 1000,
  'faults/level3': 450,
  'test/rolling': 92,
  'integration/ansible': 34,
  'integration/as-described-real': 43,
  'integration/busy-sshd': 28,
  'integration/dead-man': 57,
  'integration/documents': 28,
  'integration/iptables-live': 39,
  'integration/lock': 30,
  'integration/login-shell': 35,
  'integration/main': 28,
  'integration/nftables-live': 53,
  'integration/openssh': 40,
  'integration/package': 50,
  'integration/prober': 34,
  'integration/report': 21,
  'integration/rollback': 69,
  'integration/routes': 193,
  'integration/ssh': 66,
  'integration/ssh-way': 100,
  'integration/transport': 68,
  'integration/trial-drops': 81,
}

const nameOf = (file: string): string => file.replace(/^test\/(?=.*\/)/, '').replace(/\.test\.mts$/, '')

/** @returns seconds that a file usually takes, 0 where it is short */
export const usualSeconds = (file: string): number => usual[nameOf(file)] ?? 0

/** The time that is left for files, by how fast this machine has been so far. */
export class TimeLeft {
  readonly #end: number
  #usual = 0
  #taken = 0

  /** @param seconds for all files; absent for as long as they take */
  constructor(seconds = Infinity) {
    this.#end = performance.now() + seconds * 1000
  }

  /** Notes how long a file has taken. */
  took(file: string, seconds: number): void {
    if (usualSeconds(file) === 0) return
    this.#usual += usualSeconds(file)
    this.#taken += seconds
  }

  /** How many times as long as usual files have taken on this machine. */
  get slowness(): number {
    return this.#usual > 0 ? this.#taken / this.#usual : 1
  }

  /** Whether a file that begins now will have ended in time. */
  fits(file: string): boolean {
    // Some take longer than their likes.
    return performance.now() + usualSeconds(file) * Math.max(1, this.slowness) * 1.2 * 1000 < this.#end
  }
}
