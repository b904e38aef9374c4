import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { decoded } from '../engine/base/decoded.ts'
import { UserError } from '../engine/base/errors.ts'
import { ansibleSource, readAnsible } from './ansible/source.ts'
import { type Draft, fillDefaults } from './defaults.ts'
import { absolutePath, whyUnreadable } from './files.ts'
import type { Level } from './levels.ts'
import { checkRules } from './rules.ts'
import { loginPassword, readSecret, runHere, type Sources, vrrpPassword } from './secret.ts'
import { type Path, type Place, type Problem, Source } from './source.ts'
import type { Cluster, Content, Host, Instance, Inventory, SshTarget, Vip } from './types.ts'
import { validate } from './validate.ts'
import { dotted } from './wording.ts'

const example = 'inventory/example.yaml shows what belongs there'

/**
 * Reads and checks an inventory. Contacts no host.
 * @param file a YAML (or JSON) file; relative paths in it begin at its folder. Or an inventory of Ansible, with `:GROUP` for one of its groups
 * @param options.level what the hosts are to be brought to; 3 needs more of them
 * @param options.env where `{ env: NAME }` of secrets is looked up; `run` runs their `{ command: WORDS }`
 * @throws UserError that tells everything that is wrong, a line each, by place in the file; it never shows a password
 */
export function loadInventory(file: string, options: { level?: Level } & Partial<Sources> = {}): Inventory {
  const foreign = ansibleSource(file)
  const ansible = foreign && readAnsible(foreign)
  const source = new Source(ansible?.text ?? readText(file))
  const where = (path: Path, key?: string) =>
    ansible && foreign
      ? `${foreign.file}: ${ansible.words.place(key === undefined ? path : [...path, key])}:`
      : placed(file, source.placeOf({ path, ...(key !== undefined && { key }) }))
  if (source.isEmpty) throw new UserError(`${file}: is empty; ${example}`)
  const syntaxErrors = source.syntaxErrors()
  if (syntaxErrors.length > 0) fail(syntaxErrors.map((one) => ({ ...one, where: placed(file, one) })))

  const data = unfold(file, source)
  const { problems: wrong, removed } = validate(data)
  const problems = [...source.duplicateKeys(), ...source.oddNumbers(), ...wrong]
  // What is wrong of it has been taken away, and the rest is as the schema says.
  const draft = data as Draft
  fillDefaults(draft, removed)
  problems.push(...checkRules(draft, (path) => source.has(path), options.level))
  const { env: given = process.env } = options
  const run = 'run' in options ? options.run : runHere
  const env = { ...given, ...ansible?.secrets }
  // No program is run for an inventory that is wrong.
  const secrets = secretsOf(draft, file, { env, run: problems.length > 0 ? undefined : run })
  problems.push(...secrets.problems)
  if (problems.length > 0)
    fail(
      problems.map((problem) => ({
        ...source.placeOf(problem),
        where: where(problem.path, problem.key),
        text: ansible ? ansible.words.sentence(problem.text) : sentence(problem),
      })),
    )
  return {
    ...assemble(file, data as Complete, secrets.value),
    notes: ansible?.notes ?? [],
    place: (path) => {
      const written = source.has(['cluster', 'services']) ? path : withOneService(path)
      return ansible ? where(written).replace(/:$/, '') : `${where(written)} ${dotted(written)}`
    },
  }
}

/** @returns the path as an inventory has it that says `service` */
const withOneService = (path: Path): Path =>
  path[0] === 'cluster' && path[1] === 'services' ? ['cluster', 'service', ...path.slice(3)] : path

/** The way to a host as the file says it. */
type Login = NonNullable<Content['clients']>[string]['ssh']
const passwordKeys = ['password', 'become_password'] as const

/** @returns every secret by where it stands, and what keeps us from having one; the same one is looked up once */
function secretsOf({ cluster, ssh, hosts, clients }: Draft, file: string, sources: Sources) {
  const known = new Map<string, ReturnType<typeof readSecret>>()
  const found = new Map<string, string>()
  const problems: Problem[] = []
  const look = (given: Parameters<typeof readSecret>[0], path: Path, rule = loginPassword) => {
    const key = JSON.stringify(given ?? null)
    const secret = known.get(key) ?? readSecret(given, { path, file, rule }, sources)
    known.set(key, secret)
    if (secret.problem) problems.push(secret.problem)
    if (secret.value !== undefined) found.set(dotted(path), secret.value)
  }
  look(cluster?.auth_pass, ['cluster', 'auth_pass'], vrrpPassword)
  const ways: [Path, Partial<Login> | undefined][] = [
    [['ssh'], ssh],
    ...Object.entries({ ...hosts }).map(([name, host]): [Path, Partial<Login> | undefined] => [
      ['hosts', name, 'ssh'],
      host?.ssh,
    ]),
    ...Object.entries({ ...clients }).map(([name, one]): [Path, Partial<Login> | undefined] => [
      ['clients', name, 'ssh'],
      one?.ssh,
    ]),
  ]
  for (const [path, way] of ways) for (const key of passwordKeys) look(way?.[key], [...path, key])
  return { problems, value: (path: Path) => found.get(dotted(path)) }
}

/** Content after `fillDefaults`. */
type Complete = Content & {
  cluster: Omit<Cluster, 'auth_pass' | 'services' | 'instances'>
  hosts: Record<string, Omit<Host, 'name'>>
}

function assemble(
  file: string,
  { ssh, cluster, hosts, groups, clients }: Complete,
  secretAt: (path: Path) => string | undefined,
): Omit<Inventory, 'place' | 'notes'> {
  const authPass = secretAt(['cluster', 'auth_pass'])
  const absolute = (login: Login, place: Path): SshTarget => {
    const paths = (['config', 'identity_file'] as const).flatMap((key) => {
      const path = login[key]
      return path === undefined ? [] : [[key, absolutePath(path, file)]]
    })
    const secrets = passwordKeys.flatMap((key) => {
      const value = secretAt([...place, key]) ?? secretAt(['ssh', key])
      return value === undefined ? [] : [[key, value]]
    })
    const { password: _password, become_password: _become, ...plain } = login
    return { ...plain, ...Object.fromEntries([...paths, ...secrets]) }
  }
  const {
    auth_pass: _kept,
    service: one,
    services = one.type === 'none' ? {} : { [one.type]: one },
    ...given
  } = cluster
  const { vip_prefix, vip_label, vip_interface, more_vips, prefer, instance, instances, ...open } = given
  return {
    file,
    cluster: {
      ...open,
      instances: instancesOf(given),
      services,
      ...(authPass !== undefined && { auth_pass: authPass }),
    },
    hosts: Object.entries(hosts).map(([name, host]) => ({
      ...{ name, ...host },
      ssh: absolute({ ...ssh, ...host.ssh }, ['hosts', name, 'ssh']),
    })),
    groups: Object.entries(groups ?? {}).map(([name, group]) => ({ name, ...group })),
    clients: Object.entries(clients ?? {}).map(([name, client]) => ({
      name,
      ssh: absolute({ ...ssh, ...client.ssh }, ['clients', name, 'ssh']),
    })),
  }
}

/** @returns what moves addresses, that of `vip` first */
function instancesOf({
  instance,
  instances,
  sync,
  ...cluster
}: Omit<Complete['cluster'], 'auth_pass' | 'service' | 'services'>): Instance[] {
  const { vip, vip_prefix, vip_label, vip_interface, more_vips, prefer, virtual_router_id } = cluster
  const first = { vip, vip_prefix, vip_label, vip_interface, more_vips, virtual_router_id, prefer }
  const further = Object.entries(instances).map(([name, one]) => ({ name, ...(sync && { prefer }), ...one }))
  return [{ name: instance, ...first }, ...further].map(
    ({ vip: address, vip_prefix: prefix, vip_label: label, vip_interface, more_vips: more, ...rest }) => ({
      ...said(rest),
      name: rest.name,
      virtual_router_id: rest.virtual_router_id!,
      vips: [said({ address, prefix, label, interface: vip_interface }), ...more].map((one) =>
        vipOf(typeof one === 'string' ? { address: one } : one, isIPv6(address)),
      ),
    }),
  )
}

/** @returns the map without what is undefined */
const said = <T extends object>(map: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined)) as never

/** @param v6 whether the instance is one of IPv6: adverts have addresses of one family */
const vipOf = ({ address, ...more }: Partial<Vip> & { address: string }, v6: boolean): Vip => ({
  address,
  prefix: isIPv6(address) ? 128 : 32,
  ...more,
  excluded: more.excluded === true || isIPv6(address) !== v6,
})

const placed = (file: string, { line, column }: Place) => `${file}:${line}:${column}`

function sentence({ path, text }: Problem): string {
  return path.length === 0 ? text : `${dotted(path)}: ${text}`
}

function fail(problems: readonly (Place & { where: string; text: string })[]): never {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  const lines = sorted.map(({ where, text }) => `${where} ${text}`)
  // A value may break several rules that are told in one sentence.
  throw new UserError([...new Set(lines)].join('\n'))
}

function readText(file: string): string {
  try {
    return decoded(readFileSync(file))
  } catch (error) {
    throw new UserError(`can not read the inventory ${file}: ${whyUnreadable(error)}`)
  }
}

function unfold(file: string, source: Source): unknown {
  try {
    return source.values()
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    throw new UserError(`${file}: its YAML aliases (*) contain themselves, or unfold to too much`)
  }
}
