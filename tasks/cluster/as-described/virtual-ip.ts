import type { Target } from '../../target.ts'
import type { Found } from './found.ts'

/** Nobody but keepalived has the virtual IPs: no router, no configuration of the host, no other machine. */
export function virtualIp(target: Target, found: Found): string[] {
  return target.cluster.instances.flatMap((instance, place) => {
    const keys = place === 0 ? ['cluster'] : ['cluster', 'instances', instance.name]
    return instance.vips.flatMap(({ address, interface: own }, index) => {
      const path = index === 0 ? [...keys, 'vip'] : [...keys, 'more_vips', String(index - 1)]
      const device = own ?? instance.interface ?? target.host.interface
      const wrong = [
        ...router(address, target, found),
        ...fixed(address, device, found),
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
function fixed(vip: string, device: string, { links, lines }: Found): string[] {
  const keepaliveds = lines.flatMap(({ file, text }) => (isKeepaliveds(file) ? (prefixOf(text, vip) ?? []) : []))
  const live = links.flatMap(({ ifname, addr_info }) =>
    addr_info
      .filter(({ local }) => local === vip)
      .filter(({ prefixlen }) => ifname !== device || !keepaliveds.includes(prefixlen))
      .map(({ prefixlen }) => `${vip}/${prefixlen} is on ${ifname}, and keepalived.conf does not set it there`),
  )
  const stored = lines.filter((line) => setsAddress(line, vip)).map(({ file, line }) => `${file}:${line} sets ${vip}`)
  const all = [...stored, ...live]
  return all.length > 0 ? [`${all.join('; ')}: take it away, keepalived alone sets the virtual IP`] : []
}

const isKeepaliveds = (file: string) => file.startsWith('/etc/keepalived/') && file.endsWith('.conf')
const pattern = (vip: string) => vip.replaceAll('.', '\\.')

/** Reads a line of `virtual_ipaddress`: keepalived sets a host route unless it is told a network. */
function prefixOf(text: string, vip: string): number | undefined {
  const [found, prefix = '32'] =
    text.match(`^\\s*(?:virtual_ipaddress\\s*{\\s*)?${pattern(vip)}(?:/(\\d+))?(?:\\s|$)`) ?? []
  return found === undefined ? undefined : Number(prefix)
}

const isBackup = /(~|\.(bak|dpkg-\w+|old|orig|save))$/

/** Not a name server, a route or a comment: an address of an interface. */
function setsAddress({ file, text }: Found['lines'][number], vip: string): boolean {
  if (file.startsWith('/etc/keepalived/') || isBackup.test(file) || /^\s*[#;]/.test(text)) return false
  // Lists, where addresses have a prefix length and name servers have none.
  if (file.startsWith('/etc/netplan/'))
    return !/\b(to|from|via)["']?\s*:/.test(text) && text.replace(/\s#.*/, '').includes(`${vip}/`)
  return settings.some((setting) => new RegExp(`${setting}${pattern(vip)}(?![\\d.])`, 'i').test(text))
}

/** What stands before an address that an interface gets; both programs take shorter words, too. */
const settings = [
  // interfaces(5), systemd.network(5), NetworkManager's key files: there a router may follow, after a comma.
  '^\\s*address(\\d*\\s*[=\\s]|es\\s*=(.*;)?)\\s*',
  '\\bip\\s+(-\\S+\\s+)*a[dres]*\\s+[arc]\\w*\\s+(.*\\s)?',
  '\\bifconfig\\s+\\S+\\s+((inet|add)\\s+)?',
]

/** Somebody answers for it, and is none of the nodes. */
function third(vip: string, { hosts }: Target, { neighbours }: Found): string[] {
  const holder = neighbours.get(vip)
  if (!holder?.confirmed) return []
  // Where two interfaces are in one network, either may have answered.
  const nodes = hosts.flatMap(({ address, second }) => [address, second?.address])
  if (nodes.some((node) => node && neighbours.get(node)?.hardware === holder.hardware)) return []
  return [`${vip} is in use already: ${holder.hardware} answers for it, which is none of the other nodes`]
}
