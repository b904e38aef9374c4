import { isIPv6 } from 'node:net'
import { UserError } from '../../../engine/base/errors.ts'
import { sh } from '../../../engine/base/sh.ts'
import { isAddress, plainAddress, plainStatements } from '../../../engine/conf/addresses.ts'
import { linesOf, parseBlocks } from '../../../engine/conf/blocks.ts'
import { type Statement, within } from '../../../engine/conf/statement.ts'
import { isChange, type Task, unchanged } from '../../../engine/runner/task.ts'
import type { Cluster, Instance } from '../../../inventory/types.ts'
import { vmacOf } from '../keepalived-conf.ts'
import { lost } from './lost.ts'
import { contentIn } from '../../file.ts'
import type { Target } from '../../target.ts'

type Knows = Pick<Target, 'cluster' | 'host' | 'hosts'>

/** A keepalived.conf that no playbook wrote. */
interface HandMade {
  /** Its instances, for people. */
  instances: string[]
  /** What the cluster would end or meet in a wrong state, each as `LINE: what`. */
  others: string[]
  /** What its other instances put on interfaces, with prefix lengths. */
  addresses: string[]
  /** Why keepalived gives the virtual IP up for a moment when it loads the new file. */
  gaps: string[]
}

const isOurs = /^# Written by keepalived-playbooks/

/** Of the file that comes with keepalived's sources, and with some distributions: its mail and its addresses. */
const isSample = (text: string, statements: readonly Statement[]) =>
  text.includes('acassen@firewall.loc') &&
  statements.every(
    (one) =>
      addressesOf(one).every((address) => address.startsWith('192.168.200.')) &&
      (one.words[0] !== 'virtual_server' || /^(192\.168\.200|10\.10\.10)\./.test(one.words[1]!)),
  )

/**
 * @param conf the configuration in its place
 * @returns undefined for a file that is ours, a distribution's sample, or without any statement
 */
export function handMade(text: string, conf: string, target: Knows): HandMade | undefined {
  // As it stands: what it would include, and lines for one host, are refused.
  const { statements: read, problems } = parseBlocks(linesOf(text, ''))
  const statements = plainStatements(read)
  const unclear = problems.find(({ isTaken }) => !isTaken)?.line
  const instances = statements.filter(({ words }) => words[0] === 'vrrp_instance')
  if (isOurs.test(text) || isSample(text, statements) || statements.length === 0) return undefined
  const pairs = target.cluster.instances.flatMap((instance) => {
    const own = instances.find((one) => addressesOf(one).some((address) => isOf(instance, address)))
    return own ? [{ own, instance }] : []
  })
  const ours = plainStatements(parseBlocks(linesOf(conf, '')).statements)
  const foreign = instances.filter((one) => !pairs.some(({ own }) => own === one))
  return {
    instances: instances.map(describe),
    others: [
      ...(unclear === undefined
        ? []
        : [`${unclear}: braces that do not match, so that it is not clear what the file holds`]),
      ...statements.flatMap((one) => (pairs.some(({ own }) => own === one) ? [] : standsAlone(one, ours))),
      ...lost(pairs, statements, ours, target),
    ],
    addresses: [
      ...foreign.flatMap(addressesOf),
      ...pairs.flatMap(({ own, instance }) => addressesOf(own).filter((one) => !isOf(instance, one))),
    ],
    gaps: pairs.flatMap(({ own, instance }) => [
      ...movesInterface(own, instance, target.cluster),
      ...(own.words[1] === instance.name ? [] : [`the instance ${own.words[1]} becomes ${instance.name}`]),
      ...addressLines(own).flatMap(({ words }) => becomes(instance, words) ?? []),
    ]),
  }
}

/** @returns what keepalived takes for another address than that of the inventory, though it is the same */
function becomes({ vips }: Instance, words: readonly string[]): string | undefined {
  const [address, prefix = isIPv6(words[0]!) ? '128' : '32'] = words[0]!.split('/')
  const vip = vipOf(vips, address!)
  const label = words.includes('label') ? words[words.indexOf('label') + 1] : undefined
  if (!vip || (Number(prefix) === vip.prefix && label === vip.label && !words.includes('scope'))) return undefined
  return `"${words.join(' ')}" becomes ${vip.address}/${vip.prefix}`
}

/** @returns that addresses get the virtual MAC, lose it, or get its interface by another name */
function movesInterface({ words: [, name], block }: Statement, instance: Instance, { vmac }: Cluster): string[] {
  const theirs = block.find(({ words }) => words[0] === 'use_vmac')
  const [before, after] = [theirs && (theirs.words[1] ?? vmacOf(instance)), vmac ? vmacOf(instance) : undefined]
  if (before === after) return []
  return [`the addresses of ${name} move to ${after ?? 'the interface itself, without a virtual MAC'}`]
}

/** @param address with a prefix length */
const isOf = ({ vips }: Instance, address: string): boolean => vipOf(vips, address) !== undefined

const vipOf = (vips: Instance['vips'], address: string) =>
  vips.find((vip) => plainAddress(vip.address) === address.split('/')[0])

/** keepalived leaves out what is no address. */
const addressLines = ({ block }: Statement): Statement[] =>
  within(block, 'virtual_ipaddress', 'virtual_ipaddress_excluded').filter(({ words }) =>
    isAddress(words[0]!.split('/')[0]),
  )

const addressesOf = (instance: Statement): string[] =>
  addressLines(instance).map(({ words: [address] }) =>
    address!.includes('/') ? address! : `${address}/${address!.includes(':') ? 128 : 32}`,
  )

const describe = (instance: Statement) => `instance ${[instance.words[1], ...addressesOf(instance)].join(', ')}`

const harmless =
  /^(global_defs|vrrp_script|vrrp_sync_group|track_file|vrrp_track_file|track_process|vrrp_track_process|vrrp_startup_delay)$/

/** @returns a statement of the top level that is not in the configuration in its place; of virtual servers others tell */
function standsAlone(one: Statement, ours: readonly Statement[]): string[] {
  const { words, line } = one
  if (words[0] === 'vrrp_instance') return [`${line}: ${describe(one)}`]
  if (words[0] === 'virtual_server' || harmless.test(words[0]!)) return []
  return ours.some((other) => other.words.join(' ') === words.join(' ')) ? [] : [`${line}: ${words.join(' ')}`]
}

/**
 * keepalived.conf, where somebody may have written another: that of the article is replaced, and check mode says so.
 * Anything that would end with it is refused, unless the run may take it over.
 */
export const replacingHandMade = (written: Task, path: string, conf: string, target: Target): Task => ({
  ...written,
  plan: (printed, planned) => {
    const answer = written.plan(printed, planned)
    const found = handMade(contentIn(path, printed) ?? '', conf, target)
    if (!found || !isChange(answer)) return answer
    const { instances, others, gaps } = found
    if (others.length > 0 && !target.takeOver)
      throw new UserError(
        `${path} is not of the playbooks, and this would end or change:\n${others.map((one) => `${path}:${one}`).join('\n')}\n` +
          'Move it elsewhere, give the inventory the same values, or replace it all by --take-over',
        1,
      )
    return {
      ...answer,
      remark: [
        `replaces ${path} made by hand: ${instances.join('; ') || 'without an instance'}`,
        ...(others.length > 0 ? [`what goes away or changes: ${others.join('; ')}`] : []),
        ...gaps.map((why) => `${why}: nobody has ${target.cluster.vip} for seconds`),
      ].join('. '),
    }
  },
})

/** Seconds for keepalived to take addresses off after a reload. */
const patience = 5

/** Addresses of instances that were taken over are on no interface, even where keepalived has left them. */
export const formerAddresses = (path: string, conf: string, target: Target): Task => ({
  name: 'addresses of replaced VRRP instances are gone',
  probe: sh`
cat ${path} 2>/dev/null
echo '== live'
ip -o address show`,
  plan: ({ text }) => {
    const [before = '', live = ''] = text.split('\n== live\n')
    const found = handMade(before, conf, target)?.addresses ?? []
    const there = [...live.matchAll(/^\d+: (\S+) +inet6? (\S+)/gm)].filter(([, , address]) => found.includes(address!))
    if (there.length === 0) return unchanged()
    return {
      before: there.map(([, device, address]) => `${address} on ${device}`).join('\n'),
      after: '',
      apply: sh`
tries=0
for pair in ${there.map(([, device, address]) => `${address}@${device}`)}; do
  while ip -o address show dev "\${pair#*@}" to "\${pair%@*}" | grep -q .; do
    # Not by the clock, which may be set meanwhile.
    [ "$((tries += 1))" -le ${patience * 5} ] || ip address delete "\${pair%@*}" dev "\${pair#*@}"
    sleep 0.2
  done
done`,
      // keepalived sets them again when it has its configuration back.
      undo: sh`true`,
    }
  },
})
