import { isDeepStrictEqual } from 'node:util'
import { command, mailAddress, shortName } from '../../inventory/values.ts'
import { type Section, numberOf, unless, unlessEmpty } from './section.ts'
import { linesOfAll, type Meaning, type Part } from './facts.ts'
import { heeded } from './keywords.ts'
import { type Gap, scriptGap } from './gaps.ts'
import type { Node } from './nodes.ts'

const matches = (pattern: string, text: string) => new RegExp(pattern).test(text)

/** What checks of all instances share. */
export interface Checking {
  nodes: readonly Node[]
  /** Gets one for each program that has to become a script. */
  gaps: Gap[]
  /** The key `health_check`, from which checks have their defaults. */
  health: Section | undefined
  /** Checks of all instances so far, by name; gets those that are new. */
  known: Record<string, Section>
}

/** A check as an inventory has it, but for its name, and the nodes that make it. */
interface Drafted {
  /** The name of its script. */
  script: string
  kind: string
  content: Section
  hosts: string[]
}

/** @returns the checks of an instance; what another instance has alike has one name, and what some nodes have alone is theirs */
export function checksOf(part: Part, checking: Checking): Section | undefined {
  const { gaps, known } = checking
  const all: Drafted[] = []
  const nodes = whereIs(part, checking.nodes)
  for (const { node, there } of nodes)
    for (const one of checksOn(there, checking)) {
      const same = all.find(({ content }) => isDeepStrictEqual(content, one.content))
      if (same) same.hosts.push(node)
      else all.push({ ...one, hosts: [node] })
    }
  const checks: Section = {}
  for (const { script, kind, content: alike, hosts } of all) {
    const content: Section = { ...alike, hosts: hosts.length < nodes.length ? hosts : undefined }
    const same = Object.keys(known).find((one) => isDeepStrictEqual(known[one], content))
    const name = same ?? nameOf(script, Object.keys(known))
    known[name] = content
    checks[name] = kind === 'command' ? { ...content, command: program(name, String(content.command), gaps) } : content
  }
  return unlessEmpty(checks)
}

/** @returns an instance on each node whose file has it */
export const whereIs = ({ election }: Part, nodes: readonly Node[]): { node: string; there: Part }[] =>
  nodes.flatMap(({ name, meaning }) => {
    const there = meaning?.instances.find((one) => one.election === election)
    return there ? [{ node: name, there }] : []
  })

/** @returns the checks of an instance on one node */
function checksOn(part: Part, { health }: Checking): Omit<Drafted, 'hosts'>[] {
  const { interval: usual = 1, retries = 2, timeout: patience = 2 } = health ?? {}
  return part.all('check').map(([about, script]) => {
    const [, kind = '', what = ''] = /^(\w+) (.*)$/.exec(about)!
    const of = (key: string) => part.get(`${key} of check ${about}`)
    const number = (key: string) => (of(key) === undefined ? undefined : Number(of(key)))
    const interval = number('interval') ?? 1
    const isBound = kind === 'command' && of('user') === 'root'
    const timeout = number('timeout')
    const content = {
      [kind]: kind === 'port' ? Number(what) : what,
      user: kind === 'command' ? unless(of('user'), 'nobody') : undefined,
      interval: unless(interval, usual as number),
      // Nothing but keepalived ends what root runs, which it does before the next run.
      timeout: isBound
        ? unless(timeout && Math.min(timeout, interval), interval)
        : unless(timeout, Number(patience) + 1),
      fall: unless(number('fall'), retries as number),
      rise: unless(number('rise'), 1),
      weight: unless(number('weight'), 0),
    }
    return { script, kind, content }
  })
}

function nameOf(script: string, taken: readonly string[]): string {
  const short = script
    .toLowerCase()
    .replace(/^(chk|check)[_-]?(?=[a-z])/, '')
    .replaceAll(/[^a-z0-9_-]/g, '-')
    .slice(0, 28)
  const name = matches(shortName.pattern, short) && short !== 'service' ? short : 'check'
  const free = [name, ...taken.map((_, index) => `${name}-${index + 2}`)]
  return free.find((one) => !taken.includes(one))!
}

export const canRun = (text: string): boolean => matches(command.pattern, text) && text.length <= command.maxLength

/** @returns the program, or the mark of a script that the person makes of it */
function program(what: string, command: string, gaps: Gap[]): string {
  if (canRun(command)) return command
  const gap = scriptGap(what, command)
  if (!gaps.some(({ mark }) => mark === gap.mark)) gaps.push(gap)
  return gap.mark
}

/** @param gaps gets one for each program that has to become a script @param whose what begins the marks of an instance that is not the first */
export function notifyOf(main: Part, gaps: Gap[], whose = ''): Section | undefined {
  const programs = (['master', 'backup', 'fault', 'stop'] as const).flatMap((state) => {
    const command = main.get(`notify_${state}`)
    return command === undefined ? [] : [[state, program(`${whose}notify-${state}`, command, gaps)] as const]
  })
  if (programs.length === 0) return undefined
  return { ...Object.fromEntries(programs), user: main.get('user of notify') }
}

/** @returns what the interfaces that instances track add to a priority; one's own is tracked anyhow, and may be said for others */
export function trackedInterfaces(part: Part, instances: readonly Part[]): ReadonlyMap<string, string> {
  const own = part.get('interface') ?? ''
  const isTracked =
    instances.length > 1 && instances.every((one) => one === part || one.get(`track_interface ${own}`) === '0')
  return new Map([...(isTracked ? [[own, '0'] as const] : []), ...part.all('track_interface')])
}

/** @returns interfaces as an inventory has them */
export const tracksOf = (all: ReadonlyMap<string, string>): unknown[] | undefined =>
  all.size > 0 ? [...all].map(([name, moves]) => (moves === '0' ? name : { name, weight: Number(moves) })) : undefined

/** @returns how an instance tells the network where its addresses are */
export const announcementsOf = (part: Part): Section | undefined =>
  unlessEmpty({
    delay: numberOf(part, 'garp_master_delay'),
    repeat: numberOf(part, 'garp_master_repeat'),
    refresh: numberOf(part, 'garp_master_refresh'),
    refresh_repeat: numberOf(part, 'garp_master_refresh_repeat'),
  })

export const garpOf = (main: Part, global: Part): Section | undefined =>
  unlessEmpty({ ...announcementsOf(main), interval_ms: numberOf(global, 'garp interval_ms') })

/** The inventory wants to know from whom mails are. */
export function emailOf(global: Part): Section | undefined {
  const to = global.all('email to').flatMap(([address]) => (matches(mailAddress.pattern, address) ? [address] : []))
  const from = global.get('email from')
  const server = global.get('email server') ?? '127.0.0.1'
  if (to.length === 0 || from === undefined) return undefined
  return { to, from, server, port: numberOf(global, 'email port'), timeout: numberOf(global, 'email timeout') }
}

/** What has keys of its own, what other playbooks' tasks would have to heed, and what stands for something elsewhere. */
const notAsLine =
  /^(vrrp_mcast_group|use_vmac_addr|use_ipvlan|vmac_|track_|lvs_|net_namespace|instance|notify|static_|bfd_instance|include|@)/

/** @returns whether a line that has no key can go into keepalived.conf as it is */
export const canBeLine = (text: string): boolean =>
  !notAsLine.test(text) && !text.includes('"') && matches('^[ -~]{1,500}$', text)

/** @returns lines of keepalived.conf for what has no key */
export function linesOf(parts: readonly Part[]): string[] | undefined {
  const lines = parts
    .flatMap((part) => part.all('line').map(([text]) => text))
    .filter(canBeLine)
    // A block has as many lines in the file.
    .flatMap((text) => text.replaceAll(' { ', ' {\n').replaceAll('; ', '\n').replaceAll(' }', '\n}').split('\n'))
  return lines.length > 0 ? lines : undefined
}

/** @returns the user's own lines, by the block that they stand in @param kept virtual servers that stay as they are */
const linesIn = ({ global }: Meaning, main: Part | undefined, kept: readonly Part[]) => ({
  global: linesOf([global]),
  instance: linesOf(main ? [main] : []),
  file: fileLinesOf(global, kept),
})

/** @returns lines of the first node, for all */
export const linesOfFirst = (...of: Parameters<typeof linesIn>): Section | undefined => unlessEmpty(linesIn(...of))

/** @returns lines that a node has in place of those of the first */
export function linesAt(meaning: Meaning, main: Part | undefined, kept: readonly Part[], first: Section = {}) {
  const names = kept.map(({ name }) => name)
  const own = meaning.virtualServers.filter(({ name }) => names.includes(name))
  return unlessEmpty(
    Object.fromEntries(
      Object.entries(linesIn(meaning, main, own)).map(([block, lines]) => [
        block,
        isDeepStrictEqual(lines, first[block]) ? undefined : (lines ?? []),
      ]),
    ),
  )
}

/** What stands only where it is, and what other tasks would have to heed. */
const notAtEnd = /^(net_namespace|namespace_|instance|use_|linkbeat_|bfd_instance|include|@)/

/**
 * @param kept virtual servers that stay as they are
 * @returns lines for the end of keepalived.conf
 */
export function fileLinesOf(global: Part, kept: readonly Part[]): string[] | undefined {
  const blocks = global.statements.filter(({ words }) => !notAtEnd.test(words[0]!))
  const all = [...new Set([...blocks, ...kept.flatMap(({ statements }) => statements)])]
  // What keepalived only warns of, `keepalived -t` refuses.
  const lines = linesOfAll(heeded(all))
  return lines.length > 0 && lines.every((line) => matches('^[ -~]{1,500}$', line)) ? lines : undefined
}
