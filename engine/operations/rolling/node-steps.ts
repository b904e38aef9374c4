import { realAddress } from '../../../inventory/levels.ts'
import { runCommand } from '../../cluster/host-locks.ts'
import { addressOf, holdsAny, holdsOf } from '../../cluster/instances.ts'
import type { NodeState } from '../../cluster/node-state.ts'
import { preemptDelayOf } from '../../../inventory/priority.ts'
import { serves } from '../../../inventory/roles.ts'
import type { Host } from '../../../inventory/types.ts'
import type { Service } from '../../../services/service.ts'
import type { Clock } from '../../base/clock.ts'
import { exitCode, HostError, UserError } from '../../base/errors.ts'
import { withoutKeys } from '../../base/private-keys.ts'
import { lines, type Script, sh } from '../../base/sh.ts'
import type { ClusterControl } from '../control.ts'
import { comingBack, heirOf, moveAddresses } from './move.ts'

/** How long things may take, in seconds. */
export interface Patience {
  /** For what a node has begun, and for the VIP to move. */
  drain: number
  /** From the order to reboot until the host answers with another boot id. */
  boot: number
}

/** Seconds for services to come up after a boot. */
const settle = 60

const bootId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A check that the node can ask its own service after the reboot; level playbooks install the packages for it. */
export const canAskItself = ({ selfCheckProgram }: Service): Script => sh`
command -v ${selfCheckProgram} >/dev/null ||
  { echo ${`it has no ${selfCheckProgram} to ask its service with: run the level playbook first`} >&2; exit 1; }`

// Detached, so that the command returns before the host shuts down: what refuses it then is seen by nobody. logind of
// systemd 257 and newer refuses it where a program blocks it; older ones would break off what that program does.
const orderReboot = sh`
login=org.freedesktop.login1
if busctl get-property $login /org/freedesktop/login1 $login.Manager BlockInhibited 2>/dev/null | grep -qw shutdown; then
  echo 'a program blocks it:' >&2
  systemd-inhibit --list --no-pager --no-legend | grep -w shutdown | grep 'block *$' >&2
  exit 1
fi
systemd-run --quiet --on-active=1 systemctl reboot`

/** The steps of one node. Each ends when its effect is seen, or throws UserError. */
export class NodeSteps {
  readonly #control: ClusterControl
  readonly #host: Host
  readonly #patience: Patience

  constructor(control: ClusterControl, host: Host, patience: Patience) {
    this.#control = control
    this.#host = host
    this.#patience = patience
  }

  get #clock(): Clock {
    return this.#control.session.clock
  }

  /** Whether directors send clients to the node. */
  get #serving(): boolean {
    return this.#control.can.balances && serves(this.#host)
  }

  /** Seconds for addresses to move: one that comes back may have to wait. */
  get #moveTime(): number {
    const { cluster, hosts } = this.#control.session.inventory
    return this.#patience.drain + Math.max(...hosts.map((host) => preemptDelayOf(cluster, host)))
  }

  /** Drains the node: another node may hold the VIP, and no new client is sent to this one. */
  async drain(): Promise<string> {
    await this.#control.setStandby(this.#host.name, true)
    await this.#control.setDrained([this.#host.name], true)
    await this.#control.poolsFollow([this.#host], true)
    return this.#serving ? 'weight 0 in every pool' : 'its priority is the lowest'
  }

  /**
   * Another node holds the addresses that this one has.
   * @param pausing as for `moveAddresses`
   */
  async handOver(pausing: readonly Host[]): Promise<string> {
    const { name } = this.#host
    const states = await this.#control.states()
    const state = states.find(({ host }) => host === name)!
    const moving = this.#control.instances.filter((instance) => holdsOf(state, instance))
    const to = moving[0] && heirOf(this.#control.session.inventory, moving[0], name, states)
    const act = () => this.#control.setStandby(name, true)
    const move = { moving, from: name, to, arrived: (holder: string) => holder !== name, act, seconds: this.#moveTime }
    return moveAddresses(this.#control, move, pausing)
  }

  /** Waits until open questions and connections have ended, or the drain timeout is over. */
  async waitForConnections(): Promise<string> {
    const deadline = this.#clock.now() + this.#patience.drain * 1000
    for (;;) {
      const { questions, connections } = await this.#openWork()
      if (questions + connections === 0) return 'no client is left'
      if (this.#clock.now() > deadline)
        return `after ${this.#patience.drain} s ${connections} connections and ${questions} UDP clients are left: they end with the node`
      await this.#clock.sleep(1000)
    }
  }

  /**
   * UDP clients that directors still send to the node, each by the virtual IPs that it holds, and TCP connections on the node itself. The director's own
   * TCP table is no use: it keeps connections for minutes that ended while the VIP moved. It also keeps UDP clients
   * known only from the previous director. Those have more time left than the UDP timeout and do not count: with a
   * question since the move they would have less. What IPVS remembers of a client that is to stay has no port, and is no
   * work.
   */
  async #openWork(): Promise<{ questions: number; connections: number }> {
    const { balancing } = this.#control.session.inventory.cluster
    const services = this.#control.servicesOn(this.#host)
    const address = realAddress(this.#host, this.#control.level)
    const reals = services.map(({ port }) => `${address}:${port}`).join(' ')
    const holders = (await this.#control.states()).filter(holdsAny)
    const clients = (vips: readonly string[]) => sh`
ipvsadm -lcn | awk -v reals=${` ${reals} `} -v vips=${` ${vips.join(' ')} `} -v most=${balancing.udp_timeout} \
  'index(reals, " " $NF " ") && $1 == "UDP" && $4 !~ /:0$/ { split($2, left, ":"); vip = $5; sub(/:[0-9]+$/, "", vip)
    if (60 * left[1] + left[2] <= most && index(vips, " " vip " ")) print }' | wc -l`
    // A number a service.
    const sum = async (node: string, { text }: Script) => {
      const { stdout } = await this.#control.reach(node).run(text, { timeout: 60 })
      return stdout
        .toString('utf8')
        .split('\n')
        .reduce((total, line) => total + Number(line), 0)
    }
    const [connections, ...questions] = await Promise.all([
      sum(this.#host.name, lines(...services.map(({ openConnections }) => openConnections))),
      ...holders.map(({ host, instances }) =>
        sum(host, clients(Object.values(instances).flatMap(({ holds }) => holds))),
      ),
    ])
    return { connections: connections!, questions: questions.reduce((all, one) => all + one, 0) }
  }

  /**
   * Runs the operator's command on the node. It goes on to its end there, whatever becomes of this run.
   * @param by who runs it, for others
   */
  async command(command: string, by: string, timeout: number): Promise<string> {
    const transport = this.#control.reach(this.#host.name)
    const { stdout, stderr, code } = await runCommand(transport, command, by, timeout)
    const said = withoutKeys(stdout.toString('utf8').trim().split('\n'))
    if (code !== 0) throw stop(`the command ended with code ${code}: ${stderr || said.slice(-4).join('\n')}`)
    return said.at(-1) || 'done'
  }

  /** Reboots the host, and waits for another boot id. @param before the boot id before the reboot */
  async reboot(before: string): Promise<string> {
    const { name } = this.#host
    const began = this.#clock.now()
    const transport = this.#control.reach(name)
    const ordered = await transport.run(orderReboot.text, { timeout: 60 })
    if (ordered.code !== 0) throw stop(`${name} did not take the order to reboot: ${ordered.stderr.trim()}`)
    await this.#clock.sleep(3000)
    const deadline = began + this.#patience.boot * 1000
    let last = 'it still runs from before: the order to reboot had no effect yet'
    while (this.#clock.now() < deadline) {
      try {
        await transport.close()
        await transport.connect()
        const { stdout } = await transport.run('cat /proc/sys/kernel/random/boot_id', { timeout: 20 })
        const found = stdout.toString('utf8').trim()
        if (bootId.test(found) && found !== before)
          return `another boot id after ${Math.round((this.#clock.now() - began) / 1000)} s`
        last = 'it still runs from before'
      } catch (error) {
        if (!(error instanceof HostError)) throw error
        last = error.message
      }
      await this.#clock.sleep(1000)
    }
    throw stop(`${name} did not come back within ${this.#patience.boot} s: ${last}`, exitCode.unreachable)
  }

  /** keepalived runs, the service answers on the node's own address, and every director's checks see it. */
  async waitUntilHealthy(): Promise<string> {
    const { name } = this.#host
    const problem = await this.#control.until((states) => this.#whyUnhealthy(states), settle)
    if (problem) throw stop(`not healthy after the work on ${name}: ${problem}`)
    const services = this.#control.servicesOn(this.#host)
    for (const { selfCheck } of services) {
      const ask = selfCheck(this.#host, this.#host.address)
      const { code, stderr } = await this.#control.reach(name).run(ask.text, { timeout: 60 })
      if (code !== 0) throw stop(`${name} is back, but ${stderr.trim() || 'its service does not answer'}`)
    }
    return services.length > 0 ? 'the service answers, the checks are up' : 'its checks are up'
  }

  /**
   * Undrains the node: it gets clients again. If it preempts, the VIP moves to it too.
   * @param pausing as for `moveAddresses`
   */
  async undrain(pausing: readonly Host[]): Promise<string> {
    const { name } = this.#host
    const act = () => this.#control.setStandby(name, false)
    const { from, moving } = comingBack(this.#control.session.inventory, this.#host, await this.#control.states())
    const move = { moving, to: name, arrived: (holder: string) => holder === name, act, seconds: this.#moveTime }
    if (from) await moveAddresses(this.#control, { ...move, from }, pausing)
    else await act()
    await this.#control.setDrained([name], false)
    await this.#control.poolsFollow([this.#host], false)
    const place = this.#serving ? 'in every pool' : 'it stands by'
    return from ? `it holds ${moving.map(addressOf).join(' and ')} again` : place
  }

  #whyUnhealthy = (states: NodeState[]) => {
    const findings = this.#control.findings(states)
    // A finding about the node itself is more useful than findings on other nodes.
    const own = findings.find(({ node }) => node === this.#host.name)
    return (own ?? findings[0])?.text
  }
}

const stop = (message: string, code: number = exitCode.failed) => new UserError(message, code)
