import { setTimeout as sleep } from 'node:timers/promises'
import type { Host, Inventory } from '../inventory/types.ts'
import { UserError } from '../runner/errors.ts'
import type { Transport } from '../runner/transport.ts'
import { type Answers, askScript, parseAnswers, questions } from './ask.ts'
import { judgeAnswers, judgeJournals, judgeNodes, type Verdict } from './judge.ts'
import { type Look, lookScript, parseLook } from './look.ts'

/** A node or a client, with an open way to it. */
export interface Reach {
  host: Host
  transport: Transport
  /** By the host's own clock, when the run began. */
  since?: number
}

export interface CheckOptions {
  /** The level wanted; without one, that of the nodes. */
  level?: number
  client: { name: string; transport: Transport }
  /** Seconds that the cluster may take to settle before what is wrong counts. */
  settle: number
  /** Seconds for one execution. */
  timeout: number
  /** Told what the check waits for. */
  say: (line: string) => void
}

/** What the cluster check found. */
export interface CheckResult {
  level?: number
  /** The node that has the VIP, where it is exactly one. */
  holder?: string
  looks: Look[]
  answers?: Answers
  verdicts: Verdict[]
  /** What is wrong; empty for a healthy cluster. */
  problems: string[]
}

/**
 * The cluster check: exactly one node holds the VIP, the pools are complete, and the service answers through the
 * VIP as the level promises (the article's own check, with what it leaves to the eye).
 */
export async function checkCluster(
  inventory: Inventory,
  nodes: readonly Reach[],
  options: CheckOptions,
): Promise<CheckResult> {
  const result = await settle(inventory, nodes, options)
  const holder = nodes.find(({ host }) => host.name === result.holder)
  // Without a holder, or with two, answers tell nothing.
  if (!holder || result.level === undefined) return result
  const answers = await ask(inventory, options).catch((error: unknown) => {
    if (error instanceof UserError) return error.message
    throw error
  })
  if (typeof answers === 'string') return { ...result, problems: [...result.problems, answers] }
  const judge = (others: Look['balanced']) => judgeAnswers(inventory, result.level!, holder.host.name, answers, others)
  let verdicts = judge({ UDP: 0, TCP: 0 })
  if (verdicts.some(({ problem }) => problem))
    verdicts = judge(await otherClients(inventory, holder, answers, result, options))
  const problems = [...result.problems, ...verdicts.flatMap(({ problem }) => problem ?? [])]
  return { ...result, answers, verdicts, problems }
}

async function settle(inventory: Inventory, nodes: readonly Reach[], options: CheckOptions): Promise<CheckResult> {
  const deadline = performance.now() + options.settle * 1000
  let said = ''
  for (;;) {
    const looks = await Promise.all(nodes.map((node) => look(inventory, node, options.timeout)))
    const level = options.level ?? looks.find((one) => one.level !== undefined)?.level
    const problems = judgeNodes(inventory, looks, level)
    // Nothing is gained by waiting for what was logged.
    const done = problems.length === 0 || performance.now() > deadline
    const holders = looks.filter((one) => one.holdsVip)
    const holder = holders.length === 1 ? holders[0]!.host : undefined
    if (done) return { level, holder, looks, verdicts: [], problems: [...problems, ...judgeJournals(looks)] }
    if (problems[0] !== said) options.say(`waiting: ${problems[0]}`)
    said = problems[0]!
    await sleep(1000)
  }
}

async function look({ cluster }: Inventory, node: Reach, timeout: number): Promise<Look> {
  const outcome = await node.transport.run(lookScript(cluster, node.since).text, { timeout })
  return parseLook(node.host, cluster, outcome.stdout.toString('utf8'))
}

async function ask({ cluster, hosts }: Inventory, { client, timeout }: CheckOptions): Promise<Answers> {
  const count = questions(hosts)
  const outcome = await client.transport.run(askScript(cluster, count).text, { timeout })
  return parseAnswers(hosts, count, client.name, outcome)
}

/** Connections that the director has balanced since the first look and that were not our questions. */
async function otherClients(
  inventory: Inventory,
  holder: Reach,
  answers: Answers,
  { looks }: CheckResult,
  { timeout }: CheckOptions,
): Promise<Look['balanced']> {
  const before = looks.find((one) => one.host === holder.host.name)!.balanced
  const after = (await look(inventory, holder, timeout)).balanced
  return { UDP: after.UDP - before.UDP - answers.asked, TCP: after.TCP - before.TCP - answers.asked }
}
