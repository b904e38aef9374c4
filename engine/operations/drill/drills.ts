import type { NodeState } from '../../cluster/node-state.ts'
import type { ClusterControl } from '../control.ts'
import type { Cluster } from '../../../inventory/types.ts'
import { exitCode, UserError } from '../../base/errors.ts'
import { lines, type Script, sh } from '../../base/sh.ts'

/** A fault that is injected into a healthy cluster, and undone again. */
export interface Drill {
  name: keyof Cluster['drill']
  /** What it does, to whom: `restart keepalived on ns1`. */
  title: string
  /** Does it, waits until the cluster lives with it, and undoes it. */
  run(): Promise<void>
  /** Undoes it also where it was broken off; harmless otherwise. */
  undo?(): Promise<void>
  /** Seconds after which the host itself undoes it, also without a connection. */
  lasts?: number
}

/** Seconds for the cluster to find its way, and for a cut network to come back by itself. */
const patience = 60
const cutSeconds = 15
/** Longer than the drill of the service ever takes. */
const serviceSeconds = 2 * patience

/** The drills of a cluster as it is now. */
export class Drills {
  readonly #control: ClusterControl

  constructor(control: ClusterControl) {
    this.#control = control
  }

  /** keepalived starts again on the holder, which lets the VIP go first. */
  restart(states: readonly NodeState[]): Drill {
    const holder = holderOf(states)
    return {
      name: 'restart',
      title: `restart keepalived on ${holder}`,
      run: () => this.#on(holder, sh`systemctl restart keepalived`),
    }
  }

  /** The service stops on a node that stands by; at level 1 on the holder, since others serve no client. */
  service(states: readonly NodeState[]): Drill {
    const holder = holderOf(states)
    const node = this.#control.can.balances ? this.#control.hosts.find(({ name }) => name !== holder)!.name : holder
    const start = () =>
      this.#on(node, sh`systemctl stop ${`${drillUnit}.timer`} 2>/dev/null || true; systemctl start named`)
    return {
      name: 'service',
      title: `stop named on ${node}`,
      run: async () => {
        await this.#on(node, lines(later(serviceSeconds, sh`systemctl start named`), sh`systemctl stop named`))
        await this.#wait((now) => (this.#works(now, node) ? `clients are still sent to ${node}` : undefined))
        // Losses after this point are no longer those of the detection time.
        await this.#control.session.clock.sleep(5000)
        await start()
      },
      undo: start,
      lasts: serviceSeconds,
    }
  }

  /** Every process of keepalived is killed on the holder: nothing takes the VIP away, and another node takes it. */
  kill(states: readonly NodeState[]): Drill {
    const holder = holderOf(states)
    return {
      name: 'kill',
      title: `kill every keepalived process on ${holder}`,
      run: () => this.#on(holder, sh`pkill -KILL -x keepalived`),
    }
  }

  /** The cluster's network is cut at the holder, by its packet filter, which forgets it after some seconds. */
  cut(states: readonly NodeState[]): Drill {
    const holder = holderOf(states)
    const device = this.#control.hosts.find(({ name }) => name === holder)!.interface
    return {
      name: 'cut',
      title: `cut ${device} of ${holder} for ${cutSeconds} s`,
      run: async () => {
        await this.#on(holder, cutScript(device))
        await this.#control.session.clock.sleep(cutSeconds * 1000)
      },
      undo: () => this.#on(holder, sh`systemctl start ${`${drillUnit}.service`} 2>/dev/null || true`),
      lasts: cutSeconds,
    }
  }

  /** The cluster is healthy again. @throws UserError where it is not in time */
  settled = (): Promise<void> => this.#wait((states) => this.#control.findings(states)[0]?.text)

  #works(states: readonly NodeState[], node: string): boolean {
    if (!this.#control.can.balances) return states.some(({ host, holdsVip }) => host === node && holdsVip)
    return states.some((state) => this.#control.serving([{ ...state, holdsVip: true }]).includes(node))
  }

  async #wait(wrong: (states: NodeState[]) => string | undefined): Promise<void> {
    const problem = await this.#control.until(wrong, patience)
    if (problem) throw new UserError(`still so after ${patience} s: ${problem}`, exitCode.checkFailed)
  }

  async #on(node: string, script: Script): Promise<void> {
    const { code, stderr } = await this.#control.reach(node).run(script.text, { timeout: this.#control.timeout })
    if (code !== 0) throw new UserError(`${node}: ${stderr.trim() || `exit code ${code}`}`, exitCode.failed)
  }
}

const holderOf = (states: readonly NodeState[]): string => states.find(({ holdsVip }) => holdsVip)!.host

const drillUnit = 'keepalived-playbooks-drill'

// `--collect`: a timer that failed at an earlier drill is not in the way of this one.
const later = (seconds: number, script: Script): Script =>
  sh`systemd-run --quiet --collect --unit ${drillUnit} --on-active ${`${seconds}s`} bash -c ${script.text} || exit 1`

// A timer of the host itself, set first, removes the rules: the network comes back also without a connection. A session
// that came in by this interface would be cut off as well.
const cutScript = (device: string): Script => sh`
process=$$
until address=$(tr '\0' '\n' </proc/$process/environ | sed -n 's/^SSH_CONNECTION=[^ ]* [^ ]* \([^ ]*\) .*/\1/p'); [ -n "$address" ]; do
  process=$(sed 's/.*) . \([0-9]*\) .*/\1/' /proc/$process/stat)
  [ "$process" -gt 1 ] || break
done
if [ -z "$address" ] || ip -o address show dev ${device} to "$address" | grep -q .; then
  echo ${`this connection comes in by ${device}: a cut would be felt here too, and is not made`} >&2
  exit 1
fi
rules() {
  iptables -w "$1" INPUT -i ${device} -m comment --comment ${drillUnit} -j DROP
  iptables -w "$1" OUTPUT -o ${device} -m comment --comment ${drillUnit} -j DROP
  iptables -w "$1" FORWARD -i ${device} -m comment --comment ${drillUnit} -j DROP
  iptables -w "$1" FORWARD -o ${device} -m comment --comment ${drillUnit} -j DROP
}
systemd-run --quiet --collect --unit ${drillUnit} --on-active ${`${cutSeconds}s`} bash -c "$(declare -f rules); rules -D" || exit 1
rules -I`
