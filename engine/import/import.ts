import { isIPv4 } from 'node:net'
import { parseNetwork } from '../../inventory/network.ts'
import { UserError } from '../base/errors.ts'
import { problemLines } from '../conf/blocks.ts'
import { type Files, filesHere } from '../conf/files.ts'
import { hostsIn, readConf } from '../conf/read.ts'
import type { Problem, Statement } from '../conf/statement.ts'
import { draftOf, type Draft } from './draft.ts'
import { settleElections } from './elections.ts'
import { vipOf } from './draft-addresses.ts'
import type { Meaning, Part } from './facts.ts'
import { type Hazard, hazardsOf } from './hazards.ts'
import { meaningOf } from './meaning.ts'
import { namesOf } from './names.ts'
import { addressesOfServers } from './draft-real-servers.ts'
import { complete, inOrder, mainInstance, type Node } from './nodes.ts'
import { serveAlone } from './own-real-servers.ts'
import { prove } from './proof.ts'
import { judge, type Unsaid } from './verdict.ts'

/** What comes out of files. */
export interface Imported {
  draft: Draft
  /** The names of the files' nodes, and of those that they name. */
  nodes: string[]
  hazards: Hazard[]
  unsaid: Unsaid[]
  /** What has no key of virtual servers that stay as they are, at the end of keepalived.conf. */
  kept: Unsaid[]
  added: string[]
  trifles: string[]
  /** What the schema says against the inventory, and was left out of it. */
  refused: string[]
}

/** A keepalived.conf. */
export interface Source {
  file: string
  /** Where it and what it includes are; this machine unless given. */
  files?: Files
  /** The node's name and its addresses, where the file is from a host that tells them. */
  name?: string
  addresses?: readonly string[]
  /** How SSH has reached that host. */
  ssh?: string
}

/** A node as the person names it. */
export interface Named {
  name: string
  address: string
}

/**
 * Reads the keepalived.conf of one node or more of a cluster.
 * @param named nodes in the order of the sources; more of them are further nodes
 * @throws UserError with every line that can not be read
 */
export function importConf(sources: readonly Source[], named: readonly Named[] = []): Imported {
  const confs = sources
    .flatMap(readAll)
    // One file for several hosts may be named for each of them.
    .filter(({ id }, index, all) => id === undefined || all.findIndex((one) => one.id === id) === index)
  const problems = confs.flatMap((conf) => conf.problems)
  if (problems.some(({ isTaken }) => !isTaken)) throw new UserError([...new Set(problemLines(problems))].join('\n'))
  const own = ownNodes(confs, named)
  if (own.every(({ meaning }) => isEmpty(meaning!)))
    throw new UserError(
      `${sources.map(({ file }) => file).join(', ')}: neither a vrrp_instance nor a virtual_server with an address: there is nothing to import`,
    )
  settleElections(own)
  const nodes = inOrder(complete([...own, ...named.slice(own.length)]))
  const hazards = hazardsOf(
    confs.map(({ statements, problems: taken }, index) => ({ name: own[index]!.name, statements, problems: taken })),
  )
  return { nodes: nodes.map(({ name }) => name), hazards, ...best(nodes) }
}

type Attempt = Omit<Imported, 'nodes' | 'hazards'>

/** @returns what says all that the files say, with as few virtual servers as possible that stay as they are; else without any for that */
function best(nodes: readonly Node[]): Attempt {
  const isWhole = ({ unsaid, refused }: Attempt) => unsaid.length + refused.length === 0
  const plain = attempt(nodes, [])
  if (isWhole(plain)) return plain
  const { virtualServers } = nodes.find((node) => node.meaning)!.meaning!
  const hard = plain.unsaid.flatMap(({ virtualServer }) => virtualServer ?? [])
  const whole = [hard, virtualServers.map(({ name }) => name)]
    .map((names) => attempt(nodes, names))
    .find((one) => isWhole(one))
  if (!whole) return plain
  // What the inventory would have said otherwise matters only where nothing else does.
  const said = plain.unsaid.filter(({ isAdded }) => !isAdded)
  return { ...whole, kept: said.length > 0 ? said : plain.unsaid }
}

/** @param asTheyAre names of virtual servers that stay as they are */
function attempt(nodes: readonly Node[], asTheyAre: readonly string[]): Attempt {
  const { meaning } = nodes.find((node) => node.meaning)!
  const { virtualServers } = meaning!
  const draft = draftOf(nodes, asTheyAre)
  const main = mainInstance(meaning!)
  const { differences, refused } = prove(draft, nodes, main?.get('auth_pass'))
  const first = virtualServers.find(({ key }) => key.startsWith(`${String(draft.cluster.vip)} `))
  const alone = serveAlone(nodes) ? draft.cluster : undefined
  const kept = draft.kept.map((text) => ({ need: notServed, text }))
  return { ...judge(differences, { main, first, virtualServers, alone }), draft, refused, kept }
}

const notServed =
  'a mark of the packet filter, all ports, or an address that does not move in the network of the cluster'

/** @returns the nodes that have a file, by the names that the person, the file, the host or the path gives them */
function ownNodes(confs: readonly Read[], named: readonly Named[]): Node[] {
  const guessed = namesOf(
    confs.map(({ file }) => file),
    confs.map(({ statements }) => statements),
  )
  return confs.map(({ id, name, statements, addresses = [], ssh }, index) => {
    const given = named[index]
    const meaning = meaningOf(statements, given ? [...addresses, given.address] : addresses)
    const all = given ? [given.address] : addresses
    const near = meaning.instances.find((part) => all.some((one) => isNear(one, part)))
    // The instance in whose network the node is goes first.
    meaning.instances.sort((a, b) => Number(b === near) - Number(a === near))
    const address = given?.address ?? addresses.find((one) => near && isNear(one, near))
    return { name: given?.name ?? id ?? name ?? guessed[index]!, meaning, address, ssh }
  })
}

const isEmpty = ({ virtualServers, instances }: Meaning) =>
  addressesOfServers(virtualServers).length === 0 && instances.length === 0

/** A source and what was read of it. */
interface Read extends Source {
  statements: Statement[]
  problems: Problem[]
  /** The host that lines were chosen for. */
  id?: string
}

/** A file with lines for hosts (`@HOST`) is that of each of these hosts; one from a host is that of this host. */
function readAll(source: Source): Read[] {
  const { file, files = filesHere, name } = source
  const plain = readConf(file, name, files)
  const ids = name === undefined ? hostsIn(files.text(file)) : []
  return ids.length === 0
    ? [{ ...source, ...plain }]
    : ids.map((id) => ({ ...source, id, ...readConf(file, id, files) }))
}

/** Whether an address of a host is in the network of the addresses of an instance, and on their interface. */
function isNear(address: string, part: Part): boolean {
  const vip = vipOf(part)
  if (
    vip === undefined ||
    part.get(`interface of ${vip}`) !== undefined ||
    !isIPv4(vip) ||
    !isIPv4(address) ||
    vip === address
  )
    return false
  const prefix = Number(part.get(`prefix of ${vip}`) ?? 24)
  return parseNetwork(`${vip}/${prefix >= 8 && prefix <= 29 ? prefix : 24}`).has(address)
}
