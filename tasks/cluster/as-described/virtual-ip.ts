import { isIPv6 } from 'node:net'
import { abilitiesOf, type Level } from '../../../inventory/levels.ts'
import type { Instance } from '../../../inventory/types.ts'
import type { Target } from '../../target.ts'
import { advertsAreOf6 } from '../advert-ways.ts'
import { linesOf, parseBlocks } from '../../../engine/conf/blocks.ts'
import type { Statement } from '../../../engine/conf/statement.ts'
import { loopbackUnit } from '../loopback.ts'
import type { Found } from './found.ts'

/** Nobody but keepalived has the virtual IPs: no router, no configuration of the host, no other machine. */
export function virtualIp(target: Target, level: Level, found: Found): string[] {
  // A real server has it there, and does not answer ARP for it.
  const toleratesLo =
    abilitiesOf(level, target.cluster).answersDirectly || found.lines.some(({ file }) => file === loopbackUnit)
  return target.cluster.instances.flatMap((instance, place) => {
    const keys = place === 0 ? ['cluster'] : ['cluster', 'instances', instance.name]
    return instance.vips.flatMap(({ address, interface: own }, index) => {
      const path = index === 0 ? [...keys, 'vip'] : [...keys, 'more_vips', String(index - 1)]
      const device = own ?? instance.interface ?? target.host.interface
      const wrong = [
        ...router(address, target, found),
        ...fixed(address, device, found, toleratesLo),
        ...third(address, target, found),
      ]
      return wrong.map((why) => `${target.place(path)}: ${why}`)
    })
  })
}

function router(vip: string, { host }: Target, { routes }: Found): string[] {
  // Level 3 has one by the second interface, in a table of its own.
  const by = routes.find(({ gateway, nexthops = [], ...route }) =>
    [{ gateway, dev: route.dev }, ...nexthops].some(
      (one) => one.gateway === vip && (route.table === undefined || one.dev === host.interface),
    ),
  )
  return by ? [`${vip} is a router: this host has the route "${by.dst} via ${vip}"`] : []
}

/** The host has the address without keepalived, now or at its next boot. */
function fixed(vip: string, device: string, { links, lines }: Found, toleratesLo: boolean): string[] {
  const keepaliveds = lines.flatMap(({ file, text }) =>
    isKeepaliveds(file) ? placesOf(parseBlocks(linesOf(text, file)).statements, vip, device) : [],
  )
  // An interface with the virtual MAC of VRRP stands for the one below it, whatever its name.
  const live = links.flatMap(({ ifname, address, addr_info }) =>
    addr_info
      .filter(({ local }) => local === vip && !(toleratesLo && ifname === 'lo'))
      .filter(({ prefixlen }) => !keepaliveds.includes(`${prefixlen} ${isVirtual(address) ? device : ifname}`))
      .map(({ prefixlen }) => `${vip}/${prefixlen} is on ${ifname}, and keepalived.conf does not set it there`),
  )
  const stored = lines.filter((line) => setsAddress(line, vip)).map(({ file, line }) => `${file}:${line} sets ${vip}`)
  const all = [...stored, ...live]
  return all.length > 0 ? [`${all.join('; ')}: take it away, keepalived alone sets the virtual IP`] : []
}

/** RFC 5798, 7.3. */
const virtualMacOf = (instance: Instance) =>
  `00:00:5e:00:0${advertsAreOf6(instance) ? 2 : 1}:${instance.virtual_router_id.toString(16).padStart(2, '0')}`

const isVirtual = (hardware: string | undefined) => /^00:00:5e:00:0[12]:/.test(hardware ?? '')
const isKeepaliveds = (file: string) => file.startsWith('/etc/keepalived/') && file.endsWith('.conf')
const pattern = (vip: string) => vip.replaceAll('.', '\\.')

/** @returns where keepalived sets the VIP, as prefix length and interface: a host route unless it is told a network */
const placesOf = (statements: readonly Statement[], vip: string, first: string): string[] =>
  statements.flatMap(({ words, block }) => {
    const [address, prefix = isIPv6(words[0]!) ? '128' : '32'] = words[0]!.split('/')
    const device = words.includes('dev') ? words[words.indexOf('dev') + 1] : first
    return [...(address === vip ? [`${prefix} ${device}`] : []), ...placesOf(block, vip, first)]
  })

const isBackup = /(~|\.(bak|dpkg-\w+|old|orig|rpm\w+|save))$/

/** Names that programs read below their folders; of others whatever is no backup may be read. */
const names: readonly [folder: RegExp, name: RegExp][] = [
  [/^\/etc\/netplan\//, /\.yaml$/],
  [/\/systemd\/network\//, /\.(network|conf)$/],
  [/^\/etc\/systemd\/system\//, /\.(service|conf)$/],
  // Files of routes and rules name addresses that are no interface's.
  [/^\/etc\/sysconfig\/network-scripts\//, /\/ifcfg-[^/]+$/],
  // run-parts(8)
  [/^\/etc\/network\/if-/, /\/[\w-]+$/],
]

/** Not a name server, a route or a comment: an address of an interface. */
function setsAddress({ file, text }: Found['lines'][number], vip: string): boolean {
  if (file.startsWith('/etc/keepalived/') || file === loopbackUnit || /^\s*[#;]/.test(text)) return false
  // What ifupdown does not read is not among them.
  if (isBackup.test(file) && !file.startsWith('/etc/network/interfaces')) return false
  if (names.some(([folder, name]) => folder.test(file) && !name.test(file))) return false
  // Lists, where addresses have a prefix length and name servers have none.
  if (file.startsWith('/etc/netplan/'))
    // All of it may stand in one line.
    return new RegExp(`(?<![\\d.])${pattern(vip)}/`).test(
      text.replace(/\s#.*/, '').replaceAll(/\b(to|from|via)["']?\s*:\s*["']?[^\s,"'}]+/g, ''),
    )
  return settings.some((setting) => new RegExp(`${setting}${pattern(vip)}(?![\\d.])`, 'i').test(text))
}

/** What stands before an address that an interface gets; both programs take shorter words, too. */
const settings = [
  // interfaces(5), systemd.network(5), NetworkManager's key files: there a router may follow, after a comma.
  '^\\s*address(\\d*\\s*[=\\s]|es\\d*\\s*=(.*;)?)\\s*',
  // ifcfg files of RHEL 8
  '^\\s*ipaddr\\d*\\s*=\\s*["\']?',
  '^\\s*ipv6addr(_secondaries)?\\s*=\\s*["\']?(.*\\s)?',
  '\\bip\\s+(-\\S+\\s+)*a[dres]*\\s+[arc]\\w*\\s+(.*\\s)?',
  '\\bipv[46]\\.addresses\\s+["\']?(.*[\\s,])?',
  '\\bifconfig\\s+\\S+\\s+((inet|add)\\s+)?',
]

/** Somebody answers for it, and is none of the nodes. */
function third(vip: string, { cluster, hosts }: Target, { neighbours }: Found): string[] {
  const holder = neighbours.get(vip)
  if (!holder?.confirmed) return []
  if (cluster.vmac && cluster.instances.some((instance) => holder.hardware === virtualMacOf(instance))) return []
  // Where two interfaces are in one network, either may have answered.
  const nodes = hosts.flatMap(({ address, second }) => [address, second?.address])
  if (nodes.some((node) => node && neighbours.get(node)?.hardware === holder.hardware)) return []
  return [`${vip} is in use already: ${holder.hardware} answers for it, which is none of the other nodes`]
}
