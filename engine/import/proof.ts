import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isIPv4 } from 'node:net'
import { join } from 'node:path'
import { loadInventory } from '../../inventory/load.ts'
import { directs } from '../../inventory/roles.ts'
import { password as passwords } from '../../inventory/schema-cluster.ts'
import { configuration } from '../../tasks/cluster/keepalived-conf.ts'
import { UserError } from '../base/errors.ts'
import { linesOf, parseBlocks } from '../conf/blocks.ts'
import { compare, type Difference, merged } from './compare.ts'
import { type Draft, passwordName } from './draft.ts'
import { settleElections } from './elections.ts'
import type { Meaning } from './facts.ts'
import { meaningOf } from './meaning.ts'
import { type Gap, standInVip, vipMark } from './gaps.ts'
import { leaveOut } from './left-out.ts'
import type { Node } from './nodes.ts'

/** What an inventory becomes, beside what the files say. */
interface Proof {
  differences: Difference[]
  /** What the schema says against the inventory, and was taken out of it. */
  refused: string[]
}

/** How often what the schema refuses is taken out, before it is given up. */
const most = 20

/**
 * Renders the inventory as the playbooks do, reads the result, and compares it with what the files mean. What the schema
 * refuses is taken out of the inventory first.
 * @param password of the files, if they have one
 */
export function prove(draft: Draft, nodes: readonly Node[], password: string | undefined): Proof {
  const refused: string[] = []
  for (let turn = 0; turn < most; turn++) {
    const answer = rendered(draft, password)
    if (!('lines' in answer)) return { differences: compared(nodes, answer.meanings), refused }
    refused.push(...answer.lines)
    if (!leaveOut(draft, answer.lines, draft.free)) break
  }
  return { differences: [], refused }
}

/** @returns what the rendered files of all nodes mean, or what is refused, each line beginning with the path of a value */
function rendered(draft: Draft, password: string | undefined): { meanings: Meaning[] } | { lines: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'import-'))
  try {
    const file = join(folder, 'inventory')
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(filled(draft)))
    const { cluster, hosts } = loadInventory(file, {
      level: draft.level,
      env: { [passwordName]: canBe(password) ? password : 'password' },
    })
    const nodes = hosts.filter(directs).map((host) => {
      const text = configuration({ cluster, host, hosts }, draft.level)
      return {
        name: host.name,
        meaning: putBack(meaningOf(parseBlocks(linesOf(text, '')).statements, [host.address]), draft.gaps),
      }
    })
    settleElections(nodes)
    return { meanings: nodes.map(({ meaning }) => meaning) }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { lines: error.message.split('\n').map((line) => line.replace(/^\S+ /, '')) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function compared(nodes: readonly Node[], meanings: readonly Meaning[]): Difference[] {
  return merged(nodes.flatMap(({ name, meaning }, index) => (meaning ? compare(name, meaning, meanings[index]!) : [])))
}

const canBe = (text: string | undefined) => text !== undefined && new RegExp(passwords.pattern).test(text)

/** The inventory with stand-ins where the person has to put something in. */
function filled({ cluster, hosts, gaps }: Draft): object {
  const put = (value: unknown): unknown => {
    const gap = gaps.find(({ mark }) => mark === value)
    if (gap) return gap.standIn
    if (Array.isArray(value)) return value.map(put)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, put(one)]))
  }
  const { vip } = cluster as { vip: string }
  return put({ cluster: { ...cluster, vip: isIPv4(vip) || vip === vipMark ? vip : standInVip }, hosts }) as object
}

/** Puts what files say in the place of what stands in for it. */
function putBack(meaning: Meaning, gaps: readonly Gap[]): Meaning {
  for (const { standIn, means } of gaps)
    for (const { facts } of means === undefined ? [] : meaning.instances)
      for (const [about, fact] of [...facts]) {
        if (fact.value === standIn) facts.set(about, { ...fact, value: means! })
        if (!about.endsWith(` ${standIn}`)) continue
        facts.delete(about)
        facts.set(`${about.slice(0, -standIn.length)}${means}`, fact)
      }
  return meaning
}
