import { type Statement, within } from '../conf/statement.ts'
import { find, number, Part, whole } from './facts.ts'
import { isKnown, methods, schedulers } from './keywords.ts'

/** @returns what every `virtual_server` means; one of a group is there once for each address of the group */
export function virtualServersOf(statements: readonly Statement[]): Part[] {
  const watched = new Map(
    statements
      .filter(({ words }) => words[0] === 'bfd_instance')
      .map(({ words, block }) => [words[1], find(block, 'neighbor_ip', 'neighbour_ip')?.words[1]]),
  )
  const user = find(within(statements, 'global_defs'), 'script_user')?.words.slice(1)
  const made = (all: readonly Statement[], words: readonly string[]) => {
    const from = user ? all.map((one) => withUser(one, user)) : all
    const part = virtualServerOf(from.at(-1)!, words, watched)
    part.statements = from
    return part
  }
  return statements
    .filter(({ words }) => words[0] === 'virtual_server')
    .flatMap((one) => {
      if (one.words[1] !== 'group') return [made([one], one.words.slice(1))]
      const group = statements.find(({ words }) => words[0] === 'virtual_server_group' && words[1] === one.words[2])
      return (group?.block ?? []).map(({ words }) => made([group!, one], words))
    })
}

/** @returns a statement, of which every program that names no user has the one of `script_user` */
function withUser(one: Statement, user: readonly string[]): Statement {
  const [keyword = ''] = one.words
  const isProgram = /^(notify_up|notify_down|quorum_up|quorum_down)$/.test(keyword) && one.words.length === 2
  const isCheck = keyword === 'MISC_CHECK' && !find(one.block, 'user')
  return {
    ...one,
    words: isProgram ? [...one.words, ...user] : one.words,
    block: [
      ...one.block.map((inner) => withUser(inner, user)),
      ...(isCheck ? [{ ...one, words: ['user', ...user], block: [] }] : []),
    ],
  }
}

/** What other facts are made of, and names for SNMP. */
const understood =
  /^(protocol|lvs_sched|lb_algo|lvs_method|lb_kind|persistence_timeout|delay_loop|alpha|omega|quorum|hysteresis|quorum_up|quorum_down|sorry_server|inhibit_on_failure|virtualhost|real_server|(sh|mh)-(port|fallback)|snmp_name|smtp_alert|retry|delay_before_retry|connect_timeout|warmup|nat_mask|net_mask|weight|notify_up|notify_down)$/

/** Addresses that are watched by BFD, by the name of that. */
type Watched = ReadonlyMap<string | undefined, string | undefined>

function virtualServerOf(one: Statement, words: readonly string[], watched: Watched): Part {
  const { block } = one
  const word = (...keywords: string[]) => find(block, ...keywords)?.words[1]
  const place = (...keywords: string[]) => find(block, ...keywords) ?? one
  const protocol = word('protocol')?.toUpperCase() ?? (asks(block, 'DNS_CHECK', 'UDP_CHECK') ? 'UDP' : 'TCP')
  // keepalived does not read on behind the port, or the number of a mark.
  const name = words.slice(0, 2).join(' ')
  const part = new Part(words[0] === 'fwmark' ? name : `${name} ${protocol}`, `virtual_server ${name}`, one)
  const scheduler = word('lvs_sched', 'lb_algo') ?? ''
  // keepalived leaves out a scheduler and a method that it does not know, as one in lower case.
  if (schedulers.test(scheduler)) part.say('lvs_sched', scheduler, place('lvs_sched', 'lb_algo'), 'wlc')
  const method = word('lvs_method', 'lb_kind') ?? ''
  // A tunnel of another kind than IP in IP says so behind it; behind others keepalived reads nothing.
  const kind = (method === 'TUN' ? find(block, 'lvs_method', 'lb_kind')!.words : [])
    .slice(2)
    .join(' ')
    .replace(/^type ipip$/, '')
  if (methods.includes(method))
    part.say('lvs_method', `${method} ${kind}`.trim(), place('lvs_method', 'lb_kind'), 'NAT')
  const kept = find(block, 'persistence_timeout')
  // Without a number it is 6 minutes.
  if (kept) part.say('persistence_timeout', number(kept.words[1]) ?? '360', kept, '0')
  part.say('delay_loop', number(word('delay_loop')), place('delay_loop'), '60')
  // keepalived takes 0 for 1.
  part.say('quorum', number(word('quorum'))?.replace(/^0$/, '1'), place('quorum'), '1')
  part.say('hysteresis', number(word('hysteresis')), place('hysteresis'), '0')
  for (const keyword of ['quorum_up', 'quorum_down']) {
    part.say(keyword, word(keyword), place(keyword))
    part.say(`user of ${keyword}`, find(block, keyword)?.words.slice(2).join(' ') || undefined, place(keyword), 'root')
  }
  if (find(block, 'omega')) part.say('omega', 'yes', place('omega'))
  for (const flag of block.filter((line) => /^(sh|mh)-(port|fallback)$/.test(line.words[0]!)))
    part.say(`flag ${flag.words[0]}`, '', flag)
  const sorry = find(block, 'sorry_server')
  if (sorry) part.say('sorry_server', `${sorry.words[1]} ${sorry.words[2] ?? words[1]}`, sorry)
  const reals = block.filter((line) => line.words[0] === 'real_server')
  for (const real of reals) realServer(part, real, block, { server: words, watched })
  for (const line of block)
    if (!understood.test(line.words[0]!) && isKnown(line.words[0]!, 'virtual_server'))
      part.say(`line ${whole(line)}`, '', line)
  return part
}

const asks = (block: readonly Statement[], ...checks: string[]) =>
  block.some(({ block: inner }) => inner.some(({ words }) => checks.includes(words[0]!)))

/** What a real server may take from its virtual server. */
function realServer(
  part: Part,
  real: Statement,
  outer: readonly Statement[],
  { server, watched }: { server: readonly string[]; watched: Watched },
): void {
  const [, address, asked = server[1] ?? ''] = real.words as [string, string, string?]
  // Only NAT changes ports: keepalived takes that of the virtual server, and goes on checking the other.
  const port = part.get('lvs_method') === undefined || server[0] === 'fwmark' ? asked : server[1]!
  const about = `real_server ${address} ${port}`
  const own = (...keywords: string[]) => find(real.block, ...keywords) ?? find(outer, ...keywords)
  const say = (keyword: string, value: string | undefined, standard?: string) =>
    part.say(`${keyword} of ${about}`, value, own(keyword) ?? real, standard)
  part.say(about, '', real)
  say('weight', number(own('weight')?.words[1]), '1')
  for (const keyword of ['inhibit_on_failure', 'alpha']) say(keyword, own(keyword) && 'yes')
  const delay = find(real.block, 'delay_loop')
  if (delay) say('delay_loop', number(delay.words[1]))
  for (const keyword of ['notify_up', 'notify_down', 'uthreshold', 'lthreshold']) {
    say(keyword, own(keyword)?.words[1])
    const user = own(keyword)?.words.slice(2).join(' ')
    part.say(`user of ${keyword} of ${about}`, user || undefined, own(keyword) ?? real, 'root')
  }
  const method = find(real.block, 'lvs_method')
  const usual = part.get('lvs_method') ?? 'NAT'
  if (method && method.words.slice(1).join(' ') !== usual) say('lvs_method', method.words.slice(1).join(' '))
  const isBfd = ({ words, block }: Statement) =>
    words[0] === 'BFD_CHECK' && watched.get(find(block, 'name')?.words[1]) === address && !find(block, 'alpha')
  say('bfd', real.block.some(isBfd) ? 'yes' : undefined)
  const checks = real.block.filter((one) => /_CHECK$|_GET$/.test(one.words[0]!) && !isBfd(one) && !isDrain(one))
  say('check', checks.map((one) => checkWords(one, own, { address, port, asked })).join(' and ') || 'none')
  const given = checks.length === 1 ? programOf(checks[0]!, { address, port })?.given : undefined
  if (given !== undefined) part.say(`last words of the check of ${about}`, given, real, 'address and port')
  for (const check of checks)
    for (const [name, usual, standard] of times) {
      // What ends a program is its own time.
      const keywords = name === 'connect_timeout' && check.words[0] === 'MISC_CHECK' ? ['misc_timeout'] : usual
      const given = find(check.block, ...keywords) ?? find(real.block, ...keywords) ?? find(outer, ...keywords)
      if (given) part.say(`${name} of ${about}`, number(given.words[1]), given, standard)
    }
}

/** How the playbooks drain a node: by a file, or by a program that reads it. */
const isDrain = ({ words: [kind], block }: Statement) =>
  (kind === 'FILE_CHECK' && block.some(({ words }) => words[1]?.startsWith('drain_'))) ||
  (kind === 'MISC_CHECK' && block.some(({ words }) => words[1]?.includes('/keepalived-drain.sh ')))

const times: readonly [name: string, keywords: string[], standard: string][] = [
  ['connect_timeout', ['connect_timeout'], '5'],
  ['retry', ['retry', 'nb_get_retry'], '1'],
  ['delay_before_retry', ['delay_before_retry'], '1'],
  ['warmup', ['warmup'], '0'],
]

/** What says nothing of what is asked. */
const aside =
  /^(connect_timeout|retry|nb_get_retry|delay_before_retry|warmup|log_all_failures|enable_sni|fast_recovery|misc_timeout|connect_port|virtualhost)$/

/** Where a check asks. */
interface Asked {
  address: string
  /** Where clients are sent to. */
  port: string
  /** The port that is checked, where the check says none. */
  asked: string
}

/** @returns a check in words: its type, and what it asks where that is not the real server's own port */
function checkWords(
  { words, block }: Pick<Statement, 'words' | 'block'>,
  own: (keyword: string) => Statement | undefined,
  { address, port, asked }: Asked,
): string {
  const known = programOf({ words, block }, { address, port })
  if (known) return `MISC_CHECK program ${known.program}`
  const url = block.filter((one) => one.words[0] === 'url').flatMap((one) => one.block)
  const host = find(url, 'virtualhost') ?? find(block, 'virtualhost') ?? own('virtualhost')
  const at = find(block, 'connect_port')?.words[1] ?? asked
  const lines = block
    .filter(({ words: [word] }) => isKnown(word!, words[0]!) && !aside.test(word!))
    .filter(({ words: [word] }) => words[0] !== 'DNS_CHECK' || !/^(type|name)$/.test(word!))
    .filter((line) => line.words.join(' ') !== `connect_ip ${address}`)
    .map((line) => (line.words[0] === 'url' ? urlWords(line) : whole(line)))
  return [
    ...[words[0], ...(words[0] === 'DNS_CHECK' ? nameWords(block) : []), ...lines],
    ...(at !== port && /^(TCP_CHECK|DNS_CHECK|HTTP_GET|SSL_GET)$/.test(words[0]!) ? [`connect_port ${at}`] : []),
    ...(host ? [`virtualhost ${host.words[1]}`] : []),
  ].join(' ')
}

/** @returns the program of a check, and which words of its real server it gets as its last ones; undefined for one that says more */
function programOf(
  { words: [kind], block }: Pick<Statement, 'words' | 'block'>,
  { address, port }: Pick<Asked, 'address' | 'port'>,
): { program: string; given: string } | undefined {
  const path = find(block, 'misc_path')?.words.slice(1).join(' ') ?? ''
  const isPlain = block.every(
    ({ words }) => aside.test(words[0]!) || words[0] === 'misc_path' || words.join(' ') === 'user nobody',
  )
  if (kind !== 'MISC_CHECK' || !isPlain) return undefined
  for (const [given, end] of [
    ['address and port', ` ${address} ${port}`],
    ['address', ` ${address}`],
  ] as const)
    if (path.endsWith(end)) return { program: path.slice(0, -end.length), given }
  return undefined
}

/** What a check that says nothing asks for is the origin of the root. */
function nameWords(block: readonly Statement[]): string[] {
  const [type = 'SOA', name = '.'] = ['type', 'name'].map((keyword) => find(block, keyword)?.words[1])
  return ['type', type.toUpperCase(), 'name', name.replace(/(?<=.)\.$/, '')]
}

/** Without a status, any from 200 to 299 is good. */
const urlWords = ({ block }: Statement) =>
  block
    .filter(({ words: [word] }) => isKnown(word!, 'url') && word !== 'virtualhost')
    .filter(({ words }) => words.join(' ') !== 'status_code 200')
    .map(whole)
    .toSorted()
    .join(' ')
