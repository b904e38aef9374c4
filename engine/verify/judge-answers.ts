import type { FromSchema } from 'json-schema-to-ts'
import type { verdictSchema } from '../../documents/parts/cluster.ts'
import { realServersOf, type VirtualServer, virtualServersOf } from '../../services/virtual-server.ts'
import { abilitiesOf } from '../../inventory/levels.ts'
import type { Host, Inventory } from '../../inventory/types.ts'
import type { Finding } from '../cluster/finding.ts'
import type { Answers } from './ask.ts'

/** What the answers of one virtual server show. */
export type Verdict = FromSchema<typeof verdictSchema>

/**
 * Judges who answered.
 * @param others by virtual server, new connections on the director minus our questions. Above 0, other clients take turns too; below 0,
 *   IPVS still remembered the port of a question and sent it to the same node as before. In both cases only shares can
 *   be judged.
 */
export function judgeAnswers(
  inventory: Inventory,
  level: number,
  holders: Readonly<Record<string, string>>,
  answers: Answers,
  others: Record<string, number>,
): Verdict[] {
  const { client } = answers
  const asked = virtualServersOf(inventory.cluster).filter(({ name }) => name in answers.answered)
  return asked.map((virtualServer) => {
    const { name: server, service, instance } = virtualServer
    const answering = realServersOf(virtualServer, inventory.hosts)
    const got = answers.answered[server]!
    const verdict = (summary: string, problem?: Problem): Verdict => ({
      client,
      server,
      summary,
      ...(problem && {
        finding: {
          code: problem.code,
          about: `${client} ${server}`,
          text: `${client}: ${server}: ${problem.text}`,
        },
      }),
    })
    const lost = answers.asked - got.length
    if (answering.every((host) => service.answerOf(host) === '')) {
      const counted = `${got.length} of ${answers.asked} answered`
      if (lost === 0) return verdict(`${counted}; its answers do not say by whom`)
      return verdict(counted, { code: 'unanswered', text: `${lost} of ${answers.asked} questions got no answer` })
    }
    const names = answering.map(({ name }) => name)
    const shares = new Map([...names, ...got].map((name) => [name, got.filter((by) => by === name).length]))
    const counted = [...shares].map(([name, count]) => `${name} ${count}`).join(', ')
    const strangers = [...shares.keys()].filter((name) => !names.includes(name))
    const unknown = strangers.length > 0 ? `answers from unknown servers: ${strangers.join(' and ')}` : undefined
    if (lost > 0) {
      const text = `${lost} of ${answers.asked} questions got no answer (${counted})`
      return verdict(counted, { code: 'unanswered', text: unknown ? `${text}; ${unknown}` : text })
    }
    if (unknown) return verdict(counted, { code: 'unknown-answerer', text: unknown })
    const { how, problem } = abilitiesOf(level, inventory.cluster).balances
      ? fromAll(virtualServer, answering, got, shares, others[server] ?? 0)
      : fromOne(holders[instance.name]!, shares)
    return verdict(`${counted}: ${how}`, problem && { ...problem, text: `${problem.text} (${counted})` })
  })
}

type Problem = Pick<Finding, 'code' | 'text'>

interface Pattern {
  how: string
  problem?: Problem
}

function fromOne(holder: string, shares: ReadonlyMap<string, number>): Pattern {
  const others = [...shares].filter(([name, count]) => name !== holder && count > 0).map(([name]) => name)
  if (others.length === 0) return { how: 'the holder of the VIP answers' }
  const text = `${others.join(' and ')} answered, and ${holder} holds the VIP`
  return { how: 'not the holder alone', problem: { code: 'not-the-holder', text } }
}

function fromAll(
  { scheduler, persistence }: VirtualServer,
  answering: readonly Host[],
  got: readonly string[],
  shares: ReadonlyMap<string, number>,
  others: number,
): Pattern {
  const nodes = answering.length
  const strict = got.every((name, i) => (i < nodes ? !got.slice(0, i).includes(name) : name === got[i - nodes]))
  if (strict) return { how: 'strictly in turn' }
  const all = answering.reduce((sum, { weight }) => sum + weight, 0)
  const weighs = scheduler === 'wrr' || scheduler === 'wlc' || scheduler === 'sed'
  const fair = answering.every(({ name, weight }) => {
    const due = weighs ? weight / all : 1 / nodes
    return (shares.get(name) ?? 0) >= Math.floor((got.length * due) / 2)
  })
  // These send one client to one node, always the same.
  if (persistence > 0) return { how: 'one client stays with one node' }
  if (/^(sh|mh|dh|lblc)$/.test(scheduler)) return { how: `as ${scheduler} has it` }
  if (!fair)
    return {
      how: 'unfair shares',
      problem: { code: 'unfair-shares', text: 'not every node answered its fair share' },
    }
  if (scheduler !== 'rr') return { how: `fair shares (${scheduler})` }
  if (others !== 0) return { how: `fair shares (${whyNoTurns(others)})` }
  return { how: 'not in turn', problem: { code: 'not-in-turn', text: `not strictly in turn: ${got.join(' ')}` } }
}

const whyNoTurns = (others: number) =>
  others > 0
    ? `${others} connections of other clients between ours`
    : `${-others} of our questions came from a port that IPVS remembers, and went where that one had gone before`
