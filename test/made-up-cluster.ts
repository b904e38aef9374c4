// A cluster of level 2 that is made up: its nodes are folders, VRRP and IPVS a few lines. Scripts that write run in real bash.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Documents } from '../documents/all.ts'
import type { Client } from '../engine/clients/client.ts'
import type { HostLocks } from '../engine/cluster/host-locks.ts'
import { judgeStates } from '../engine/verify/check.ts'
import { type Finding, without } from '../engine/cluster/finding.ts'
import type { TrafficMonitor } from '../engine/operations/traffic.ts'
import { ClusterControl } from '../engine/operations/control.ts'
import type { Session } from '../engine/cluster/session.ts'
import type { Clock } from '../engine/base/clock.ts'
import type { RunContext } from '../engine/cli/main.ts'
import { type Options, type OwnOptions, parseOptions } from '../engine/cli/options.ts'
import type { Outcome, Transport } from '../engine/transport/transport.ts'
import { lockHosts } from '../engine/operations/rolling/locks.ts'
import { canAskItself } from '../engine/operations/rolling/node-steps.ts'
import { readRollingOptions, rollingOptions } from '../engine/operations/rolling/options.ts'
import { makePlan } from '../engine/operations/rolling/order.ts'
import { RollingReboot } from '../engine/operations/rolling/rolling-reboot.ts'
import { serviceOf } from '../services/all.ts'
import { checkedFilled } from './documents.ts'
import { inventoryOf } from './variants.ts'

const names = ['ns1', 'ns2', 'ns3']
const hosts = names.map((name, i) => `  ${name}: { address: 10.2.1.1${i} }\n`)
const inventory = inventoryOf(`cluster: { vip: 10.2.1.5, network: 10.2.1.0/24 }\nhosts:\n${hosts.join('')}`)

/** A clock without real waiting: each sleep only advances it. */
function hurriedClock(): Clock {
  let now = 0
  return {
    now: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds
    },
  }
}

/** One bash for all scripts, one after the other, each in a subshell: to start one for each takes longer than all else. */
class Bash {
  readonly #process = spawn(
    'bash',
    ['--norc', '-c', `while read -rd ''; do (eval "$REPLY") >&2 </dev/null; echo $?; done`],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  readonly #waiting: ((code: string) => void)[] = []

  constructor() {
    createInterface(this.#process.stdout).on('line', (code) => this.#waiting.shift()!(code))
  }

  /** Runs a script that prints nothing. @throws Error where it fails */
  async run(script: string): Promise<string> {
    this.#process.stdin.write(`${script}\0`)
    const code = await new Promise<string>((resolve) => this.#waiting.push(resolve))
    if (code !== '0') throw new Error(`exit code ${code}: ${script}`)
    return ''
  }

  end(): void {
    this.#process.stdin.end()
  }
}

/** The run is over here, as if its operator had been killed. */
class Killed extends Error {}

export class MadeUpCluster {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'cluster-'))
  holder = 'ns1'
  /** The inventory says that ns1 takes the VIP back, and VRRP here leaves it where it is. */
  preempt = false
  /** Nodes whose name server does not run. */
  readonly dead = new Set<string>()
  /** Nodes without dig. */
  readonly bare = new Set<string>()
  /** Nodes that don't do as they are told to reboot. */
  readonly stubborn = new Set<string>()
  readonly boots: Record<string, number> = {}
  readonly commands: Record<string, number> = {}
  readonly #bash = new Bash()

  constructor() {
    for (const name of names) {
      mkdirSync(join(this.folder, name, 'drain'), { recursive: true })
      for (const other of names) writeFileSync(this.#file(name, `drain/${other}`), '0\n')
      writeFileSync(this.#file(name, 'standby'), '0\n')
      this.boots[name] = this.commands[name] = 0
    }
  }

  #file = (node: string, path: string) => join(this.folder, node, path)
  #says = (node: string, path: string) => readFileSync(this.#file(node, path), 'utf8') === '1\n'

  /** Puts a note of a rolling reboot on a node, or takes it away, as nothing but the node itself can. */
  plant(node: string, note: string | undefined): void {
    if (note === undefined) rmSync(this.#file(node, 'rolling'), { force: true })
    else writeFileSync(this.#file(node, 'rolling'), note)
  }

  /** The note of a node. */
  note(node: string): string {
    return readFileSync(this.#file(node, 'rolling'), 'utf8')
  }

  /** Takes a node out of the work, as by hand. */
  drain(node: string): void {
    for (const name of names) writeFileSync(this.#file(name, `drain/${node}`), '1\n')
  }

  /** Flags that are up, and notes: what a run has not cleared away. */
  left(): string[] {
    return names.flatMap((name) => [
      ...readdirSync(this.#file(name, 'drain')).flatMap((node) =>
        this.#says(name, `drain/${node}`) ? [`${name}: drain/${node}`] : [],
      ),
      ...(this.#says(name, 'standby') ? [`${name}: standby`] : []),
      ...(existsSync(this.#file(name, 'rolling')) ? [`${name}: note`] : []),
    ])
  }

  remove(): void {
    this.#bash.end()
    rmSync(this.folder, { recursive: true })
  }

  #state(node: string): string {
    const next = names.find((name) => !this.#says(name, 'standby'))
    if (this.#says(this.holder, 'standby') && next) this.holder = next
    const pool = (protocol: string) => [
      `pool=${protocol}  10.2.1.5:53 rr`,
      ...names
        .filter((name) => !this.dead.has(name))
        .map((name) => `pool=  -> ${addressOf(name)}:53 Masq ${this.#says(node, `drain/${name}`) ? 0 : 1} 0 0`),
    ]
    return [
      `vip=${this.holder === node ? 'here' : ''}`,
      `state=${this.holder === node ? 'MASTER' : 'BACKUP'}`,
      'keepalived=active',
      `service=${this.dead.has(node) ? 'inactive' : 'active'}`,
      'level=2',
      ...names.filter((name) => this.#says(node, `drain/${name}`)).map((name) => `drained=${name}`),
      `standby=${this.#says(node, 'standby') ? 1 : 0}`,
      `boot=${this.#bootId(node)}`,
      ...pool('TCP'),
      ...pool('UDP'),
      '',
    ].join('\n')
  }

  #bootId = (node: string) => `0000000${this.boots[node]}-0000-0000-0000-000000000000`

  #run(node: string, script: string, hear?: (chunk: Buffer) => void): string | Promise<string> | undefined {
    const note = this.#file(node, 'rolling')
    if (script.includes('held')) {
      hear!(Buffer.from(`${existsSync(note) ? readFileSync(note, 'utf8') : ''}\nheld\n`))
      return undefined
    }
    if (script.includes('/rolling 2>/dev/null')) return existsSync(note) ? readFileSync(note, 'utf8') : ''
    if (script.includes('vip=$(')) return this.#state(node)
    if (script.includes('ipvsadm -lcn') || script.startsWith('ss ')) return '0\n'
    if (script.includes('$(dig ')) return ''
    if (script.includes('reboot-required')) return ''
    if (script.includes('boot_id')) return `${this.#bootId(node)}\n`
    if (script.includes('systemctl reboot')) this.boots[node]! += this.stubborn.has(node) ? 0 : 1
    else if (script.includes('DEBIAN_FRONTEND')) this.commands[node]!++
    else
      return this.#bash.run(
        script.replaceAll(/\/(etc\/keepalived|var\/lib\/keepalived-playbooks)/g, join(this.folder, node)),
      )
    return ''
  }

  #transport = (node: string): Transport => ({
    connect: async () => {},
    close: async () => {},
    run: async (script, { onStdout }) => {
      if (script === canAskItself(serviceOf(inventory.cluster)).text) {
        const prelude = this.bare.has(node) ? 'PATH=/nowhere' : 'dig() { :; }'
        const { stderr, status: code } = spawnSync('bash', ['--norc', '-c', `${prelude}\n${script}`], {
          encoding: 'utf8',
        })
        return { stdout: Buffer.alloc(0), stderr, code }
      }
      const stdout = await this.#run(node, script, onStdout)
      return stdout === undefined ? forever : { stdout: Buffer.from(stdout), stderr: '', code: 0 }
    },
  })

  /** @param limit the hosts that `--limit` leaves @param clients from where the cluster check asks */
  session(limit: readonly string[] = names, clients: Client[] = []): Session {
    const transports = new Map(names.map((name) => [name, this.#transport(name)]))
    const { preempt } = this
    const hosts = inventory.hosts.map((host, i) => ({ ...host, priority: preempt ? 100 - i : host.priority }))
    return {
      inventory: { ...inventory, cluster: { ...inventory.cluster, preempt }, hosts },
      limited: hosts.filter(({ name }) => limit.includes(name)),
      reach: (name) => transports.get(name)!,
      clients,
      clock: hurriedClock(),
    }
  }

  /**
   * Runs a rolling reboot.
   * @param args of the command line
   * @param killed the step, as `ns2: reboot`, before which it is killed; without one it comes to its end
   * @returns the steps, the error that it ended with, what it printed, and what it has filled in
   */
  async roll(
    args: readonly string[],
    killed?: string,
  ): Promise<{ steps: string[]; error: string; printed: string[]; document: Documents['rolling-reboot'] }> {
    const options = parseOptions(args, 'x', rollingOptions) as Options<OwnOptions<(typeof rollingOptions)[number]>>
    const session = this.session(options.limit)
    const steps: string[] = []
    const printed: string[] = []
    const document: Documents['rolling-reboot'] = { document: 'rolling-reboot', playbook: 'x', exitCode: 0 }
    const context = {
      options,
      console: { print: (line: string) => printed.push(line), status: () => {} },
      document,
      atEnd: () => {},
      checkpoint: async () => {
        if (killed && steps.includes(killed)) throw new Killed()
      },
    } as unknown as RunContext<Documents['rolling-reboot']>
    const step = (label: string) => {
      steps.push(label)
      if (label === killed) throw new Killed()
    }
    const traffic = { step } as unknown as TrafficMonitor
    try {
      const { locks, earlier, request } = await lockHosts(
        context,
        session,
        readRollingOptions(options.own, names.length),
      )
      const known = request.known ?? (await new MadeUpControl(session, 2, 60, []).check())
      const control = new MadeUpControl(session, 2, 60, known)
      const plan = await makePlan(context, control, request, earlier)
      await new RollingReboot(context, control, request, locks as HostLocks, plan).run(traffic)
      return { steps, error: '', printed, document }
    } catch (error) {
      return { steps, error: error instanceof Killed ? 'killed' : (error as Error).message, printed, document }
    } finally {
      checkedFilled('rolling-reboot', document)
    }
  }
}

/** How an execution ends that does not. */
const forever = new Promise<Outcome>(() => {})

const addressOf = (name: string) => inventory.hosts.find((host) => host.name === name)!.address

/** The cluster check without anybody who asks. */
class MadeUpControl extends ClusterControl {
  override async check(): Promise<Finding[]> {
    const { findings } = judgeStates(inventory, await this.states())
    return without(findings, this.known)
  }
}
