import { UserError } from '../../engine/base/errors.ts'
import { hostSchema } from '../schema.ts'
import { clusterSchema } from '../schema-cluster.ts'
import type { runHere } from '../secret.ts'
import { shortName } from '../values.ts'
import { type Around, isOfLogin, loginOf, type Vars, whole } from './login.ts'
import { Secrets } from './secrets.ts'
import { addressOf, prefix, type Words, wordsOf } from './words.ts'

/** An inventory of Ansible as one of this project. */
export interface FromAnsible {
  /** What a file of this project would say, as JSON. */
  text: string
  /** Secrets, by the names of environment variables that the text gives. */
  secrets: Record<string, string>
  /** What of it has no meaning here, a line each. */
  notes: string[]
  /** What messages call what is in it. */
  words: Words
}

/** What `ansible-inventory --list` prints. */
export interface Listed {
  _meta: { hostvars: Record<string, Vars> }
  [group: string]: { hosts?: string[]; children?: string[] } | Listed['_meta']
}

const isKeyOf = (schema: { properties: object }, key: string) => Object.hasOwn(schema.properties, key)

/** What is the same on all nodes; a key that hosts have as well is theirs where it is not. */
const isOfCluster = (key: string, nodes: readonly Vars[]) =>
  isKeyOf(clusterSchema, key) &&
  (!isKeyOf(hostSchema, key) || new Set(nodes.map((vars) => JSON.stringify(vars[prefix + key]) ?? '')).size === 1)

/** @returns hosts of a group and of the groups below it, each once, in their order */
function membersOf(listed: Listed, group: string, seen = new Set<string>()): string[] {
  if (seen.has(group)) return []
  seen.add(group)
  const { hosts = [], children = [] } = (listed[group] ?? {}) as { hosts?: string[]; children?: string[] }
  return [...new Set([...children.flatMap((child) => membersOf(listed, child, seen)), ...hosts])]
}

/** @throws UserError where hosts do not make one cluster */
export function fromListed(
  listed: Listed,
  { file, group = 'all' }: { file: string; group?: string },
  run: typeof runHere,
): FromAnsible {
  if (listed[group] === undefined) throw new UserError(`${file}: there is no group ${group}`)
  const varsOf = (host: string): Vars => {
    const vars = listed._meta.hostvars[host] ?? {}
    for (const [name, value] of Object.entries(vars))
      if ((name.startsWith(prefix) || isOfLogin(name)) && JSON.stringify(value).includes('{{'))
        throw new UserError(
          `${file}: ${name} of ${host} is a template, which ansible-inventory does not fill in: give its value`,
        )
    return vars
  }
  const nodes = membersOf(listed, group).filter((host) => varsOf(host)[`${prefix}vip`] !== undefined)
  if (nodes.length === 0)
    throw new UserError(
      `${file}: no host has the variable ${prefix}vip: say it for the hosts of the cluster (docs/ansible.md)`,
    )
  if (nodes.length === 1)
    throw new UserError(
      `${file}: ${nodes[0]} alone has the variable ${prefix}vip, and a cluster has two nodes or more: ` +
        'say it for the others too, as for their group (docs/ansible.md)',
    )
  const both = nodes.find((host) => isTrue(varsOf(host)[`${prefix}client`]))
  if (both)
    throw new UserError(
      `${file}: ${both} has ${prefix}vip, so it is a node, and ${prefix}client: clients are other hosts, take one of the two away`,
    )
  const all = nodes.map(varsOf)
  const secrets = new Secrets(file, run)
  const notes = new Set<string>()
  const cluster: Vars = {}
  for (const host of nodes)
    for (const [key, value] of keysOf(varsOf(host))) {
      if (!isOfCluster(key, all)) continue
      const said =
        key === 'auth_pass' ? secrets.given(value, `${prefix}${key} of ${host}`) : typed(value, clusterSchema, key)
      cluster[key] ??= said
      if (JSON.stringify(cluster[key]) !== JSON.stringify(said))
        throw new UserError(
          `${file}: ${prefix}${key} of ${host} is not that of ${nodes[0]}: one cluster at a time, by its group: ${file}:GROUP`,
        )
    }
  for (const key of Object.keys(cluster)) {
    const [without, having] = [false, true].map((has) =>
      nodes.find((host) => (varsOf(host)[prefix + key] !== undefined) === has),
    )
    if (without !== undefined)
      throw new UserError(
        `${file}: ${prefix}${key} is said of ${having}, and not of ${without}: it is the same on all nodes, so say it for all, as for their group`,
      )
  }
  for (const host of membersOf(listed, group).filter((one) => !nodes.includes(one)))
    for (const [key, value] of keysOf(varsOf(host))) {
      // What is said of all hosts, as of the group all, is not meant for this one.
      const isOfAll = nodes.every((one) => JSON.stringify(varsOf(one)[prefix + key]) === JSON.stringify(value))
      if (isKeyOf(hostSchema, key) && !isOfAll && !isTrue(varsOf(host)[`${prefix}client`]))
        notes.add(`${host} has ${prefix}${key} and no ${prefix}vip, so it is no node`)
    }
  const own = (vars: Vars) =>
    Object.fromEntries(
      Object.entries(vars).filter(
        ([name]) => !name.startsWith(prefix) || !Object.hasOwn(cluster, name.slice(prefix.length)),
      ),
    )
  const hosts = Object.fromEntries(nodes.map((host) => [host, hostOf(host, own(varsOf(host)), { secrets, notes })]))
  const clients = Object.keys(listed._meta.hostvars)
    .filter((host) => isTrue(varsOf(host)[`${prefix}client`]))
    .map((host) => [host, { ssh: { host, ...loginOf(host, varsOf(host), { secrets, notes }) } }])
  return {
    text: JSON.stringify({
      cluster,
      hosts,
      groups: groupsOf(listed, nodes),
      ...(clients.length > 0 && { clients: Object.fromEntries(clients) }),
    }),
    secrets: secrets.values,
    notes: [...notes],
    words: wordsOf(varsOf),
  }
}

const isTrue = (value: unknown) => value === true || /^(true|yes|1)$/i.test(String(value))

/** @returns a value as its key has it: an INI file has text where it means true, false, a map or a list, and numbers where it means text */
function typed(value: unknown, { properties }: { properties: object }, key: string): unknown {
  const types = [(properties as Record<string, { type?: string | string[] }>)[key]?.type].flat()
  if (types.includes('boolean') && /^(true|false|yes|no)$/i.test(String(value))) return isTrue(value)
  if (types.includes('string')) return whole(value)
  return typeof value === 'string' && /^\s*[[{]/.test(value) ? parsed(value) : value
}

/** What stands in quotes behind `[group:vars]` is text to Ansible, and so is what has JSON's `true` in it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const keysOf = (vars: Vars): [key: string, value: unknown][] =>
  Object.entries(vars).flatMap(([name, value]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : []))

function hostOf(host: string, vars: Vars, around: Around): Vars {
  const own: Vars = {}
  for (const [key, value] of keysOf(vars)) {
    if (isKeyOf(hostSchema, key) && key !== 'ssh' && key !== 'vars') own[key] = typed(value, hostSchema, key)
    else if (!isKeyOf(clusterSchema, key))
      around.notes.add(`${prefix}${key} is no key of cluster or of a host, and says nothing`)
  }
  own.address ??= addressOf(vars)
  const rest = Object.entries(vars).filter(([name]) => !name.startsWith(prefix) && !name.startsWith('ansible_'))
  return {
    ...own,
    ssh: { host, ...loginOf(host, vars, around) },
    ...(rest.length > 0 && { vars: Object.fromEntries(rest) }),
  }
}

/** Groups that hold nodes and nothing else is known of. */
function groupsOf(listed: Listed, nodes: readonly string[]): Record<string, { hosts: string[] }> {
  const isName = new RegExp(shortName.pattern)
  return Object.fromEntries(
    Object.keys(listed).flatMap((name) => {
      const hosts = membersOf(listed, name).filter((host) => nodes.includes(host))
      return ['_meta', 'all', 'ungrouped'].includes(name) || hosts.length === 0 || !isName.test(name)
        ? []
        : [[name, { hosts }]]
    }),
  )
}
