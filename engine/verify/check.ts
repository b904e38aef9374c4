import { randomBytes } from 'node:crypto'
import type { FromSchema } from 'json-schema-to-ts'
import type { clusterCheckSchema } from '../../documents/parts/cluster.ts'
import { abilitiesOf, levelsThat } from '../../inventory/levels.ts'
import { directs } from '../../inventory/roles.ts'
import type { Inventory } from '../../inventory/types.ts'
import type { Clock } from '../base/clock.ts'
import { UserError } from '../base/errors.ts'
import { askAll, askedIn } from './ask.ts'
import type { Client } from '../clients/client.ts'
import { type Finding, isOfLoad, without } from '../cluster/finding.ts'
import { judgeDrained, judgeJournals, judgeNodes } from './judge.ts'
import { judgeAnswers, type Verdict } from './judge-answers.ts'
import {
  type NodeState,
  readNodeState,
  nodeStateScript,
  parseNodeState,
  type NodeHandle,
} from '../cluster/node-state.ts'
import { servicesOf, servicesOn } from '../../services/all.ts'
import { askedServicesOf, virtualServersOf } from '../../services/virtual-server.ts'
import { soleHolders } from '../cluster/instances.ts'
import { withNatRules } from './nat-cause.ts'
import { endWatchScript, judgeSightings, parseWatch, seenAs, watching, watchScript } from './watch.ts'

/** Seconds that a cluster may take to elect a holder and fill its pools, after a change and otherwise. */
const convergence = { changed: 60, unchanged: 10 }

export interface CheckOptions {
  /** The level wanted; without one, that of the nodes. */
  level?: number
  clients: readonly Client[]
  /** True just after a change: convergence may then take longer before findings count. */
  changed: boolean
  /** Seconds for one execution. */
  timeout: number
  clock: Clock
  /** Called with what the check waits for. */
  say: (line: string) => void
}

/** What the cluster check found. */
export type CheckResult = FromSchema<typeof clusterCheckSchema>

/** Seconds that a client may take for its questions while the nodes watch for them. */
const patience = 15

/** Milliseconds for the last questions to come up in a node's log, unless that is elsewhere. */
const logDelay = 5000
const pause = 100

/** Milliseconds until IPVS shows all that it has counted: since Linux 6.2, it sums up every two seconds. */
const statsDelay = 3000

/**
 * The cluster check: exactly one node holds the VIP, the pools are complete, the service answers through the VIP as
 * the level promises, and at level 3 the nodes see who asked (the article's own checks, with what they leave to the eye).
 */
export async function checkCluster(
  inventory: Inventory,
  nodes: readonly NodeHandle[],
  options: CheckOptions,
): Promise<CheckResult> {
  const result = await firstOrSettled(inventory, new Check(inventory, nodes, options), options)
  return { ...result, findings: await withNatRules(inventory, nodes, result, options.timeout) }
}

async function firstOrSettled(inventory: Inventory, check: Check, options: CheckOptions): Promise<CheckResult> {
  // One execution for each node is enough for a healthy cluster: its state, and at level 3 the watch after it.
  const first = options.changed ? undefined : await check.readAndAsk('if healthy')
  if (first && first.findings.length === 0) return first
  const settled = await check.settle()
  // Answers mean nothing without a holder or with two.
  if (!allHeld(inventory, settled) || settled.level === undefined) return settled
  const { answers, verdicts, seen, findings } = await check.readAndAsk('anyhow')
  const more = without(findings, settled.findings)
  return { ...settled, answers, verdicts, seen, findings: [...settled.findings, ...more] }
}

/**
 * The node states and their findings, without asking the service.
 * @param level the one wanted; without one, that of the nodes
 */
export function judgeStates(
  inventory: Inventory,
  states: readonly NodeState[],
  level = states.find((one) => one.level !== undefined)?.level,
): Pick<CheckResult, 'level' | 'holder' | 'holders' | 'findings'> {
  const holders = soleHolders(inventory.cluster, states)
  return {
    level,
    holder: holders[inventory.cluster.instances[0]!.name],
    holders,
    findings: [...judgeNodes(inventory, states, level), ...judgeDrained(states)],
  }
}

/** Whether each instance has exactly one holder. */
const allHeld = ({ cluster }: Inventory, { holders }: CheckResult) =>
  cluster.instances.every(({ name }) => name in holders)

class Check {
  readonly #inventory: Inventory
  readonly #nodes: readonly NodeHandle[]
  readonly #options: CheckOptions

  constructor(inventory: Inventory, nodes: readonly NodeHandle[], options: CheckOptions) {
    this.#inventory = inventory
    this.#nodes = nodes
    this.#options = options
  }

  /** Polls the nodes until there is no finding, or the convergence timeout is over. */
  async settle(): Promise<CheckResult> {
    const { changed, clock } = this.#options
    const deadline = clock.now() + 1000 * (changed ? convergence.changed : convergence.unchanged)
    let said = ''
    for (;;) {
      const result = this.#judge(await Promise.all(this.#nodes.map((node) => this.#state(node))))
      // Logged errors and too many clients do not go away by waiting.
      const [passing] = result.findings.filter((one) => one.code !== 'journal-error' && !isOfLoad(one))
      if (!passing || clock.now() > deadline) return result
      if (passing.text !== said) this.#options.say(`waiting: ${passing.text}`)
      said = passing.text
      await clock.sleep(1000)
    }
  }

  /** Reads the nodes once; clients ask if the nodes are healthy, or with `anyhow` if exactly one node holds the VIP. */
  async readAndAsk(when: 'if healthy' | 'anyhow'): Promise<CheckResult> {
    const { level, clock, timeout } = this.#options
    const clients = askedServicesOf(this.#inventory.cluster).length > 0 ? this.#options.clients : []
    const tag = `q${randomBytes(5).toString('hex')}`
    const seconds = patience * clients.length * servicesOf(this.#inventory.cluster).length
    const watches = this.#nodes.map((node) => this.#watch(node, tag, seconds, level))
    const result = this.#judge(await Promise.all(watches.map(({ state }) => state)))
    if (
      !allHeld(this.#inventory, result) ||
      result.level === undefined ||
      (when === 'if healthy' && result.findings.length > 0)
    ) {
      const end = endWatchScript(tag).text
      if (this.#keepsClients(result))
        await Promise.all(this.#nodes.map(({ transport }) => transport.run(end, { timeout })))
      await Promise.all(watches.map(({ watched }) => watched))
      return result
    }
    const tags = new Map(clients.map(({ name }, index) => [name, `${tag}-${index}`]))
    const more: Finding[] = []
    for (const [index, client] of clients.entries()) {
      const ends = index === clients.length - 1 ? { ends: tag } : {}
      const round = { tag: tags.get(client.name)!, ...ends, timeout }
      const answers = await askAll(this.#inventory, client, round).catch((error: unknown) => {
        if (error instanceof UserError) return error.message
        throw error
      })
      if (typeof answers === 'string') more.push({ code: 'client-failed', about: client.name, text: answers })
      else result.answers.push(answers)
    }
    result.verdicts = await this.#judgeAnswers(result)
    const found = this.#nodes.map(async ({ host, transport }, index) => {
      const { watched } = watches[index]!
      let ended = false
      const end = () => {
        ended = true
      }
      watched.then(end, end)
      for (let waited = 0; !ended && waited < logDelay; waited += pause) await clock.sleep(pause)
      if (!ended) await transport.run(endWatchScript(tag).text, { timeout })
      return [host.name, await watched] as const
    })
    const watched = new Map(await Promise.all(found))
    for (const answers of this.#keepsClients(result) ? result.answers : []) {
      const asked = tags.get(answers.client)!
      more.push(...judgeSightings(this.#inventory, answers, asked, watched))
      result.seen.push(seenAs(answers, asked, watched))
    }
    more.push(...result.verdicts.flatMap(({ finding }) => finding ?? []))
    return { ...result, findings: [...result.findings, ...more] }
  }

  #keepsClients = ({ level }: CheckResult) => abilitiesOf(level, this.#inventory.cluster).keepsClients

  #judge(states: NodeState[]): CheckResult {
    const { level, holder, holders, findings } = judgeStates(this.#inventory, states, this.#options.level)
    const all = [...findings, ...judgeJournals(states)]
    return { level, holder, holders, states, answers: [], verdicts: [], seen: [], findings: all }
  }

  #state = (node: NodeHandle): Promise<NodeState> => readNodeState(node, this.#inventory.cluster, this.#options.timeout)

  /** State of a node, and a watch over its questions while the clients ask, in one execution. */
  #watch(node: NodeHandle, tag: string, seconds: number, level: number | undefined) {
    const { host, transport, since } = node
    const { cluster } = this.#inventory
    const services = servicesOn(cluster, host)
    // A real server alone has no keepalived.conf to tell its level, which is 2.
    const known = level ?? (directs(host) ? undefined : 2)
    const script = `${nodeStateScript(cluster, host, since).text}\n${watchScript(services, tag, seconds, known, levelsThat('keepsClients', cluster)).text}`
    let text = ''
    let heard: (text: string) => void
    const begun = new Promise<string>((resolve) => {
      heard = resolve
    })
    const onStdout = (chunk: Buffer) => {
      text += chunk.toString('utf8')
      if (text.includes(`\n${watching}\n`)) heard(text)
    }
    const ended = transport.run(script, { timeout: this.#options.timeout, onStdout }).then(({ stdout }) => {
      const all = stdout.toString('utf8')
      heard(all)
      return parseWatch(all)
    })
    return {
      state: Promise.race([begun, ended.then(() => begun)]).then((all) => parseNodeState(host, cluster, all)),
      watched: ended,
    }
  }

  /** Verdicts on the answers. Strict turns show only if no other client asks meanwhile; the director counts that. */
  async #judgeAnswers(result: CheckResult): Promise<Verdict[]> {
    const { level, holders, answers } = result
    const judge = (others: NodeState['balanced']) =>
      answers.flatMap((one) => judgeAnswers(this.#inventory, level!, holders, one, others))
    let verdicts = judge({})
    for (const pause of [0, statsDelay]) {
      if (!verdicts.some(({ finding }) => finding?.code === 'not-in-turn')) break
      if (pause > 0) await this.#options.clock.sleep(pause)
      verdicts = judge(await this.#others(result))
    }
    return verdicts
  }

  /** New connections since the states were read that are not ours, by virtual server. */
  async #others({ holders, states, answers }: CheckResult): Promise<NodeState['balanced']> {
    const directors = this.#nodes.filter(({ host }) => Object.values(holders).includes(host.name))
    const after = await Promise.all(directors.map((node) => this.#state(node)))
    const ours = askedIn(this.#inventory, answers.length)
    const others = virtualServersOf(this.#inventory.cluster).map(({ name, instance }) => {
      const of = (all: readonly NodeState[]) => all.find(({ host }) => host === holders[instance.name])!.balanced[name]!
      return [name, of(after) - of(states) - (ours[name] ?? 0)]
    })
    return Object.fromEntries(others)
  }
}
