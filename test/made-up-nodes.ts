// Nodes of level 2 that are made up: folders, with a few lines of VRRP and IPVS, which follow their files late, as real ones do.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../engine/base/clock.ts'
import type { Client } from '../engine/clients/client.ts'
import type { Session } from '../engine/cluster/session.ts'
import { HostError } from '../engine/base/errors.ts'
import { canAskItself } from '../engine/operations/rolling/node-steps.ts'
import type { Outcome, Transport } from '../engine/transport/transport.ts'
import { serviceOf } from '../services/all.ts'
import { Bash } from './bash.ts'
import { hurriedClock } from './clock.ts'
import { type Flag, Flags, latenessOf } from './made-up-flags.ts'
import { inventoryOf } from './variants.ts'

export const names = ['ns1', 'ns2', 'ns3']
const yaml = names.map((name, i) => `  ${name}: { address: 10.2.1.1${i} }\n`).join('')
export const inventory = inventoryOf(`cluster: { vip: 10.2.1.5, network: 10.2.1.0/24 }\nhosts:\n${yaml}`)
const service = serviceOf(inventory.cluster)
const hostOf = (name: string) => inventory.hosts.find((host) => host.name === name)!

/** Runs a script in a bash of its own. */
function inBash(script: string): Outcome {
  const { stdout, stderr, status: code } = spawnSync('bash', ['--norc', '-c', script])
  return { stdout, stderr: String(stderr), code }
}

const ended = new Map<string, Outcome>()

/** Runs a script that only looks, and always sees the same: once for all clusters. */
function onceInBash(script: string): Outcome {
  const outcome = ended.get(script) ?? inBash(script)
  ended.set(script, outcome)
  return outcome
}

/** Milliseconds from the order to reboot until a node goes, is back, and its services run. */
const boot = { goes: 5000, back: 30_000, well: 40_000 }

/** Milliseconds until an answer has reached its client. */
const answered = 1000

/** Milliseconds from drained until the last UDP client and the last connection are gone. */
const work: Readonly<Record<string, [udp: number, tcp: number]>> = { ns1: [0, 20_000], ns2: [0, 0], ns3: [20_000, 0] }

export class MadeUpNodes {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'cluster-'))
  readonly clock: Clock = hurriedClock()
  holder = 'ns1'
  /** The inventory says that ns1 takes the VIP back, and VRRP here leaves it where it is. */
  preempt = false
  /** Nodes whose name server does not run. */
  readonly dead = new Set<string>()
  /** Nodes that the UDP pools lack. */
  readonly half = new Set<string>()
  /** Nodes without dig. */
  readonly bare = new Set<string>()
  /** Nodes that don't do as they are told to reboot. */
  readonly stubborn = new Set<string>()
  /** Nodes whose name server does not start again. */
  readonly hurt = new Set<string>()
  /** Nodes that answer as another one. */
  readonly impostors = new Set<string>()
  /** Nodes whose clients never end. */
  readonly endless = new Set<string>()
  /** Whether pools follow no more. */
  frozen = false
  readonly boots: Record<string, number> = {}
  readonly commands: Record<string, number> = {}
  /** What no rolling reboot may do, and this one did. */
  readonly wrongs: string[] = []
  /** The nodes that got clients when the holder was told to give the VIP away. */
  readonly moves: string[][] = []
  readonly #bash = new Bash()
  readonly #flags = new Flags(this.clock)
  /** What flags were found to say, until somebody writes: keepalived looks at them half a million times. */
  readonly #said = new Map<string, boolean>()
  readonly #ordered: Record<string, number> = {}
  readonly #locked: Record<string, number> = {}
  #movedAt = -Infinity

  constructor() {
    for (const name of names) {
      mkdirSync(join(this.folder, name, 'drain'), { recursive: true })
      for (const other of names) writeFileSync(this.#file(name, `drain/${other}`), '0\n')
      writeFileSync(this.#file(name, 'standby'), '0\n')
      this.boots[name] = this.commands[name] = 0
      this.#ordered[name] = -Infinity
    }
  }

  #file = (node: string, path: string) => join(this.folder, node, path)
  #says = (node: string, path: string) => {
    const file = this.#file(node, path)
    const says = this.#said.get(file) ?? readFileSync(file, 'utf8') === '1\n'
    this.#said.set(file, says)
    return says
  }
  #age = (node: string) => this.clock.now() - this.#ordered[node]!
  #away = (node: string) => this.#age(node) >= boot.goes && this.#age(node) < boot.back
  #broken = (node: string) => this.dead.has(node) || (this.hurt.has(node) && this.boots[node]! > 0)
  #well = (node: string) => !this.#broken(node) && this.#age(node) >= boot.well
  #bootId = (node: string) =>
    `0000000${this.boots[node]! - (this.#age(node) < boot.back ? 1 : 0)}-0000-0000-0000-000000000000`

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
    this.#said.clear()
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

  /** What keepalived makes of a file by now. */
  #flag = (node: string, path: string): Flag => {
    const late = this.frozen && path !== 'standby' ? Infinity : latenessOf(path, node === this.holder)
    return this.#flags.look(`${node}/${path}`, this.#says(node, path), late)
  }

  /** Follows the files that a script has written. */
  #wrote(node: string): void {
    this.#said.clear()
    if (this.#locked[node] !== this.boots[node]) this.wrongs.push(`${node} was changed without its lock`)
    for (const path of ['standby', ...names.map((name) => `drain/${name}`)]) {
      const about = path === 'standby' ? node : path.replace('drain/', '')
      const before = this.#flags.said(`${node}/${path}`)
      const { says } = this.#flag(node, path)
      if (before && !says && this.#age(about) < boot.well) this.wrongs.push(`${about} was undrained before it was well`)
      if (before && !says && path !== 'standby') this.#settled(this.#movedAt)
      if (!before && says && path === 'standby' && node === this.holder) {
        this.moves.push(this.#getClients())
        for (const name of names) this.#settled(this.#flag(node, `drain/${name}`).shownAt)
      }
    }
  }

  /** Called where answers to earlier clients would be lost. */
  #settled(since: number): void {
    if (this.clock.now() - since < answered) this.wrongs.push('answers were still on their way')
  }

  #getClients = () => names.filter((name) => this.#well(name) && !this.#flag(this.holder, `drain/${name}`).shown)

  /** @returns whether UDP clients and connections are open on a node */
  #openWork(node: string): [udp: boolean, tcp: boolean] {
    const { shown, shownAt } = this.#flag(this.holder, `drain/${node}`)
    const [udp, tcp] = work[node]!.map((time) => this.endless.has(node) || !shown || this.clock.now() - shownAt < time)
    return [udp!, tcp!]
  }

  /** Called before a node is worked on, since that ends what it does. */
  #taken(node: string): void {
    const reasons = {
      'holds the VIP': this.holder === node,
      'gets clients': names.some((name) => !this.#flag(name, `drain/${node}`).shown),
      'has open work': !this.endless.has(node) && this.#openWork(node).includes(true),
      'is not locked': this.#locked[node] !== this.boots[node],
      'is the second at a time': names.some((name) => name !== node && this.#age(name) < boot.well),
    }
    for (const [why, wrong] of Object.entries(reasons)) if (wrong) this.wrongs.push(`${node} was worked on and ${why}`)
  }

  #state(node: string): string {
    const next = names.find((name) => !this.#says(name, 'standby') && this.#well(name))
    if ((this.#flag(this.holder, 'standby').shown || this.#away(this.holder)) && next && next !== this.holder) {
      this.holder = next
      this.#movedAt = this.clock.now()
    }
    const weight = (name: string) => (this.#flag(node, `drain/${name}`).shown ? 0 : 1)
    const pool = (protocol: string) => [
      `pool=${protocol}  10.2.1.5:53 rr`,
      ...names
        .filter((name) => this.#well(name) && !(protocol === 'UDP' && this.half.has(name)))
        .map((name) => `pool=  -> ${hostOf(name).address}:53 Masq ${weight(name)} 0 0`),
    ]
    return [
      `vip=${this.holder === node ? 'here' : ''}`,
      `state=${this.holder === node ? 'MASTER' : 'BACKUP'}`,
      'keepalived=active',
      `service=${this.#well(node) ? 'active' : 'inactive'}`,
      'level=2',
      ...names.filter((name) => this.#says(node, `drain/${name}`)).map((name) => `drained=${name}`),
      `standby=${this.#says(node, 'standby') ? 1 : 0}`,
      `boot=${this.#bootId(node)}`,
      ...pool('TCP'),
      ...pool('UDP'),
      '',
    ].join('\n')
  }

  async #run(node: string, script: string, hear?: (chunk: Buffer) => void): Promise<string | undefined> {
    const note = this.#file(node, 'rolling')
    if (script.includes('held')) {
      this.#locked[node] = this.boots[node]!
      hear!(Buffer.from(`${existsSync(note) ? readFileSync(note, 'utf8') : ''}\nheld\n`))
      return undefined
    }
    if (script.includes('/rolling 2>/dev/null')) return existsSync(note) ? readFileSync(note, 'utf8') : ''
    if (script.includes('vip=$(')) return this.#state(node)
    if (script.includes('ipvsadm -lcn')) {
      const asked = names.find((name) => script.includes(`real=${hostOf(name).address}:53`))!
      return node === this.holder && this.#openWork(asked)[0] ? '1\n' : '0\n'
    }
    if (script === service.openConnections.text) return this.#openWork(node)[1] ? '1\n' : '0\n'
    if (script.includes('reboot-required')) return ''
    if (script.includes('boot_id')) return `${this.#bootId(node)}\n`
    if (script.includes('systemctl reboot')) {
      this.#taken(node)
      if (this.stubborn.has(node)) return ''
      this.boots[node]!++
      this.#ordered[node] = this.clock.now()
    } else {
      // Nobody's timers go off here.
      await this.#bash.run(`systemd-run() { :; }\nsystemctl() { :; }\n${this.#moved(node, script)}`)
      this.#wrote(node)
    }
    return ''
  }

  /** A script with the node's own folder in place of the system's. */
  #moved = (node: string, script: string) =>
    script.replaceAll(
      /\/(etc\/keepalived|etc\/tmpfiles\.d|var\/lib\/keepalived-playbooks|run(?=\/keepalived))/g,
      join(this.folder, node),
    )

  /** A script before which the operator's command `x` and dig are functions. */
  #prepared = (node: string, script: string) => {
    const as = this.impostors.has(node) ? 'nobody' : hostOf(node).identity
    const prelude = this.bare.has(node) ? 'PATH=/nowhere' : `x() { :; }; dig() { echo '"=${as}="'; }`
    return `${prelude}\n${this.#moved(node, script)}`
  }

  /** @param limit the hosts that `--limit` leaves @param clients from where the cluster check asks */
  session(limit: readonly string[] = names, clients: Client[] = []): Session {
    const transports = new Map(names.map((name) => [name, this.#transport(name)]))
    const { preempt, clock } = this
    const hosts = inventory.hosts.map((host, i) => ({ ...host, priority: preempt ? 100 - i : host.priority }))
    return {
      inventory: { ...inventory, cluster: { ...inventory.cluster, preempt }, hosts },
      limited: hosts.filter(({ name }) => limit.includes(name)),
      reach: (name) => transports.get(name)!,
      clients,
      clock,
    }
  }

  #transport = (node: string): Transport => {
    const reached = () => {
      if (this.#away(node)) throw new HostError(`${node}: no route to host`)
    }
    return {
      connect: async () => reached(),
      close: async () => {},
      run: async (script, { onStdout }) => {
        reached()
        const own = [canAskItself(service).text, service.selfCheck(hostOf(node), hostOf(node).address).text]
        if (own.includes(script)) return onceInBash(this.#prepared(node, script))
        if (script.includes('DEBIAN_FRONTEND')) {
          this.#taken(node)
          this.commands[node]!++
          return inBash(this.#prepared(node, script))
        }
        const stdout = await this.#run(node, script, onStdout)
        return stdout === undefined ? forever : { stdout: Buffer.from(stdout), stderr: '', code: 0 }
      },
    }
  }
}

/** How an execution ends that does not. */
const forever = new Promise<Outcome>(() => {})
