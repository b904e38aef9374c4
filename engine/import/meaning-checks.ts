import type { Statement } from '../conf/statement.ts'
import { within } from '../conf/statement.ts'
import { checkOf, processName } from './commands.ts'
import { find, number, type Part } from './facts.ts'
import { isKeyword } from './keywords.ts'

/** What stands around an instance, and the addresses of its node. */
export interface Around {
  globals: readonly Statement[]
  all: readonly Statement[]
  own: readonly string[]
}

/** @returns the `vrrp_sync_group` of an instance */
export const groupOf = (name: string, all: readonly Statement[]) =>
  all.find(({ words, block }) => words[0] === 'vrrp_sync_group' && membersOf(block).includes(name))

export const membersOf = (block: readonly Statement[]) => within(block, 'group').flatMap(({ words }) => words)

/** Says what an instance and its group look at: scripts, processes and interfaces. */
export function tracked(part: Part, one: Statement, around: Around): void {
  const { all } = around
  const group = groupOf(part.name, all)
  for (const line of [...within(one.block, 'track_script'), ...within(group?.block ?? [], 'track_script')]) {
    const script = all.find(({ words }) => words[0] === 'vrrp_script' && words[1] === line.words[0])
    // keepalived leaves out what is not defined, and weights in groups; those are mistakes, and told as such.
    if (script && !isLeftOut(line, script, group)) checked(part, line, script, around)
  }
  for (const line of [...within(one.block, 'track_process'), ...within(group?.block ?? [], 'track_process')])
    processed(part, line, all)
  for (const line of within(one.block, 'track_interface')) trackedInterface(part, line)
}

const weightOf = ({ words }: Statement, { block }: Statement): string | undefined => {
  const at = words.indexOf('weight')
  return at < 0 ? find(block, 'weight')?.words[1] : words[at + 1]
}

/** Whether keepalived leaves a script out, as it moves the priority of a member of a group. */
export const isLeftOut = (line: Statement, script: Statement, group: Statement | undefined): boolean =>
  Number(weightOf(line, script) ?? 0) !== 0 &&
  group !== undefined &&
  !group.block.some(({ words }) => /^(sync_group_tracking_weight|global_tracking)$/.test(words[0]!))

function trackedInterface(part: Part, line: Statement): void {
  const { words } = line
  const at = words.findIndex((word) => /^(weight|reverse|no_?reverse)$/.test(word))
  const weight = words.indexOf('weight')
  for (const device of at < 0 ? words : words.slice(0, at)) {
    if (device !== part.get('interface') || weight >= 0)
      part.say(`track_interface ${device}`, weight < 0 ? '0' : number(words[weight + 1]), line)
    if (words.includes('reverse')) part.say(`reverse of track_interface ${device}`, '', line)
  }
}

/** Whether a weight is turned round, where it is tracked or where it is defined. */
const isReversed = (line: Statement, { block }: Statement): boolean =>
  [line, find(block, 'weight')].some((one) => one?.words.includes('reverse'))

/** A process may have a weight of 254, which does what 253 does: a priority is from 1 to 254. */
const bounded = (weight: string | undefined) => weight?.replace(/^(-?)254$/, '$1253')

/** A process that keepalived itself looks for is one that a check looks for, where one of it is enough. */
function processed(part: Part, line: Statement, all: readonly Statement[]): void {
  const found = all.findLast(({ words }) => /^(vrrp_)?track_process$/.test(words[0]!) && words[1] === line.words[0])
  const program = found && find(found.block, 'process')
  if (!found || !program) return
  const about = `check process ${processName(program.words[1] ?? '')}`
  part.say(about, found.words[1], line)
  part.say(`weight of ${about}`, bounded(number(weightOf(line, found))), found, '0')
  if (isReversed(line, found)) part.say(`reverse of ${about}`, '', line)
  if (program.words.length > 2) part.say(`words of ${about}`, program.words.slice(2).join(' '), program)
  // A check is made each second.
  for (const [keyword, own] of Object.entries({ fall: 'terminate_delay', rise: 'fork_delay' })) {
    const delay = find(found.block, own) ?? find(found.block, 'delay')
    if (delay) part.say(`${keyword} of ${about}`, String(Math.ceil(Number(delay.words[1]))), delay, '0')
  }
  // Without words of the process there is nothing to match.
  const counts =
    program.words.length > 2 ? /^(quorum|quorum_max|full_command|param_match)$/ : /^(quorum|quorum_max|full_command)$/
  for (const other of found.block)
    if (counts.test(other.words[0]!) && other.words.join(' ') !== 'quorum 1')
      part.say(`${other.words[0]} of ${about}`, other.words.slice(1).join(' '), other)
}

/** @returns the command of a line `script`, as words where no quotes are around it; other keywords may stand behind it */
export function commandOf({ words }: Statement): string[] {
  const command = words.slice(1)
  const end = command.findIndex((word, place) => {
    const [before = '', after = ''] = [command[place - 1], command[place + 1]]
    if (place === 0 || !isKeyword(word, 'vrrp_script')) return false
    return before.endsWith(';') || (/^(interval|weight|rise|fall)$/.test(word) && /^-?\d+;?$/.test(after))
  })
  return end < 0 ? command : command.slice(0, end).map((word) => word.replace(/;$/, ''))
}

/** The checks of kinds that need no rights of a user. */
const harmless = ['process', 'port', 'url']

function checked(part: Part, line: Statement, script: Statement, { globals, own }: Around): void {
  const given = find(script.block, 'script')
  const addresses = [...own, part.get('unicast_src_ip'), part.get('mcast_src_ip')].flatMap((one) => one ?? [])
  const { kind, what, timeout } = checkOf(given ? commandOf(given).join(' ') : '', addresses)
  const about = `check ${kind} ${what}`
  part.say(about, script.words[1], line)
  const word = (keyword: string) => number(find(script.block, keyword)?.words[1])
  const place = (keyword: string) => find(script.block, keyword) ?? script
  part.say(`interval of ${about}`, word('interval'), place('interval'), '1')
  // What ends the program first; the playbooks' own `timeout` is shorter by a second.
  part.say(`timeout of ${about}`, word('timeout') ?? number(timeout), place('timeout'))
  for (const keyword of ['fall', 'rise']) part.say(`${keyword} of ${about}`, word(keyword), place(keyword))
  part.say(`weight of ${about}`, number(weightOf(line, script)), place('weight'), '0')
  if (isReversed(line, script)) part.say(`reverse of ${about}`, '', line)
  const user = find(script.block, 'user') ?? find(globals, 'script_user')
  if (!harmless.includes(kind)) {
    part.say(`user of ${about}`, user?.words[1] ?? 'root', user ?? script)
    part.say(`group of ${about}`, user?.words[2], user ?? script, user?.words[1])
  }
  if (find(script.block, 'init_fail')) part.say(`init_fail of ${about}`, '', script)
}
