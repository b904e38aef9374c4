import { debian } from '../../tasks/os/debian.ts'
import { redhat } from '../../tasks/os/redhat.ts'
import type { Statement } from '../conf/statement.ts'
import { find, findFirst, type Part } from './facts.ts'

const states = ['master', 'backup', 'fault', 'stop'] as const

/** Whether a word behind a program that is not in quotes, where keepalived looks for a user, is one for the program. */
export const isArgument = (word: string | undefined): boolean =>
  /^(master|backup|fault|stop|primary|secondary)$/i.test(word ?? '')

/** @returns the program with the words that are meant for it */
const programOf = ({ words }: Statement): string => (isArgument(words[2]) ? words.slice(1).join(' ') : words[1]!)

/** Where the playbooks, and the article before them, have the script that tells the state. */
const ours = [debian, redhat].map(({ scripts }) => `${scripts}/keepalived-notify.sh`)

export const isOurs = ({ words }: Statement): boolean => ours.includes(words[1]?.split(' ')[0] ?? '')

/**
 * Says what is run when the state of an instance or its group changes; keepalived runs the programs of both. `notify` is
 * run at each of the four changes of state, with words that say which.
 */
export function notified(
  part: Part,
  block: readonly Statement[],
  { name, kind = 'INSTANCE', globals }: { name: string; kind?: string; globals: readonly Statement[] },
): void {
  const notify = findFirst(block, 'notify')
  const general = notify && !isOurs(notify) ? notify : undefined
  const isFirst = states.every((state) => part.get(`notify_${state}`) === undefined)
  for (const state of states) {
    const one = findFirst(block, `notify_${state}`)
    const before = part.get(`notify_${state}`)
    // keepalived runs all of them.
    const programs = [
      ...(before === undefined ? [] : [before]),
      ...(one ? [programOf(one)] : []),
      ...(general ? [`${programOf(general)} ${kind} ${name} ${state.toUpperCase()}`] : []),
    ]
    if (one ?? general) part.say(`notify_${state}`, programs.join('; '), one ?? general!)
  }
  users(
    part,
    [...states.map((state) => findFirst(block, `notify_${state}`)), general].filter((one) => one !== undefined),
    { globals, others: isFirst ? [] : [userIn([part.get('user of notify') ?? 'root', part.get('group of notify')])] },
  )
}

/** @returns a user, and its group where that has another name */
const userIn = ([user = 'root', group = user]: readonly (string | undefined)[]): string =>
  group === user ? user : `${user} ${group}`

/** @param run the lines that name programs @param others who runs what has been said before */
function users(
  part: Part,
  run: readonly Statement[],
  { globals, others }: { globals: readonly Statement[]; others: readonly string[] },
): void {
  const usual = find(globals, 'script_user')?.words.slice(1) ?? ['root']
  const usersOf = ({ words }: Statement) => (words[2] === undefined || isArgument(words[2]) ? usual : words.slice(2))
  const all = new Set([...others, ...run.map((one) => userIn(usersOf(one)))])
  const [first] = run
  if (!first) return
  const [who, group] = usersOf(first)
  part.say('user of notify', who, first, 'root')
  part.say('group of notify', group, first, who)
  if (all.size > 1) part.say('users of notify', [...all].join(', '), first)
}
