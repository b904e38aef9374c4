import { unifiedDiff } from '../../engine/base/diff.ts'
import { UserError } from '../../engine/base/errors.ts'
import { sh } from '../../engine/base/sh.ts'
import { tagged, type Task, unchanged } from '../../engine/runner/task.ts'
import { abilitiesOf, type Level } from '../../inventory/levels.ts'
import { directs } from '../../inventory/roles.ts'
import { networkManagerOf, osOf } from '../os/os.ts'
import { parseNetwork } from '../../inventory/network.ts'
import type { Target } from '../target.ts'
import { routesScript, secondOf, wayOf } from './second-interface.ts'

/**
 * A restart of the network manager leaves the VIP where it is. At level 3 the second interface is up with its address
 * as well, now and at boot, and nothing but answers from that address ever leaves by it: an address without a network has
 * no route in the main table. What the administrator has set up is left alone.
 */
export function network(target: Target, level: Level): Task[] {
  const { host, facts } = target
  if (!directs(host)) return []
  const second = abilitiesOf(level, target.cluster).secondInterface ? secondInterface(target) : undefined
  const used = [facts.interfaces[host.interface], second?.theirs]
  // Also one that has other interfaces alone: a restart of it may take away rules, which belong to no interface.
  const managers = osOf(facts).networkManagers.filter(({ name }) =>
    Object.values(facts.interfaces).some(({ manager }) => manager === name),
  )
  return [
    ...managers.flatMap((manager) => {
      const kept = used.flatMap((found) => (found?.manager === manager.name ? found.file : []))
      return manager.tasks(kept, manager === second?.manager ? second.given : undefined)
    }),
    ...(second ? [live(target, second.ours, second.theirs?.file)] : []),
  ].map(tagged('network'))
}

/** Who configures the first interface configures the second as well, but for one that is configured already. */
function secondInterface({ cluster, host, facts, place }: Target) {
  const { interface: device, address } = secondOf(host)
  const manager = networkManagerOf(facts, host.interface)
  const found = facts.interfaces[device]
  const ours = manager.fileOf(device)
  const theirs = found && found.file !== ours && !manager.madeItself?.(found.file) ? found : undefined
  const way = wayOf(cluster)
  if (way && !manager.reapply)
    throw new UserError(
      `${place(['cluster', 'routing'])}: native is for hosts whose interfaces NetworkManager configures; ${host.interface} ` +
        `of this one has ${manager.title}: use script`,
      1,
    )
  if (way && theirs)
    throw new UserError(
      `${place(['cluster', 'routing'])}: native has the routes of ${device} in a file of ours, and ${theirs.file} ` +
        `sets ${device} up: use script, or take ${device} out of that file`,
      1,
    )
  return theirs ? { ours, theirs } : { ours, manager, given: { device, address, ...(way && { way }) } }
}

/**
 * @param ours our file for the interface; it, or else routes.sh, may have the address of an earlier inventory
 * @param theirs the administrator's file for the interface, where there is one
 */
function live(target: Target, ours: string, theirs?: string): Task {
  const { cluster, host } = target
  const { interface: device, address } = secondOf(host)
  const ourNetwork = parseNetwork(cluster.network)
  const wanted = `${device} is up\naddress ${address}`
  return {
    name: `interface ${device} is up with ${address} and no network`,
    key: `interface ${device}`,
    probe: sh`
ip address show dev ${device} 2>/dev/null || { ip -o link show; exit 1; }
echo routes
ip -4 route show table main dev ${device}
echo ours
cat ${[ours, routesScript]} 2>/dev/null || true`,
    plan: ({ text, code }) => {
      if (code !== 0) {
        const others = [...text.matchAll(/^\d+: ([^:@]+)/gm)].map(([, name]) => name).filter((name) => name !== 'lo')
        throw new UserError(`there is no interface ${device} (hosts.${host.name}.second), but ${others.join(', ')}`, 1)
      }
      const { flags, addresses, earlier, ...found } = parseInterface(text)
      // The kernel's own to another network leads nothing of ours astray.
      const routes = found.routes.filter((route) =>
        ourNetwork.has(/ proto kernel .*src (\S+)/.exec(route)?.[1] ?? address),
      )
      const up = flags.includes('UP')
      if (up && flags.includes('NO-CARRIER'))
        throw new UserError(`${device} has no carrier (hosts.${host.name}.second): is its cable plugged in?`, 1)
      const before = [
        `${device} is ${up ? 'up' : 'down'}`,
        ...addresses.map((one) => `address ${one.replace(/\/32$/, '')}`),
        ...routes.map((route) => `route in the main table: ${route}`),
      ].join('\n')
      const there = addresses.some((one) => one.startsWith(`${address}/`))
      if (up && there && routes.length === 0) return unchanged()
      if (theirs)
        throw new UserError(
          `${theirs} sets ${device} up otherwise than level 3 needs it (hosts.${host.name}.second); change it ` +
            `${placeOf(theirs)}, or take ${device} out of it:\n${unifiedDiff(before, wanted)}`,
          1,
        )
      refuseOthers(target, addresses, routes, earlier)
      return { before, after: wanted, ...activation(target, up, addresses) }
    },
  }
}

// netplan writes its file anew whenever it is applied.
const placeOf = (theirs: string) =>
  theirs.startsWith('/run/systemd/network/10-netplan-') ? 'in /etc/netplan, which that file is made from' : 'there'

/**
 * @param earlier addresses that are ours beside the wanted one
 * @throws UserError where the interface is in use, and would lose what it has
 */
function refuseOthers(
  { host }: Target,
  addresses: readonly string[],
  routes: readonly string[],
  earlier: readonly string[],
): void {
  const { interface: device, address } = secondOf(host)
  const found = [
    ...addresses.filter((one) => ![address, ...earlier].includes(one.split('/')[0]!)).map((one) => `address ${one}`),
    ...routes.filter((route) => route.includes(' via ')).map((route) => `route ${route}`),
  ]
  if (found.length === 0) return
  throw new UserError(
    `${device} is in use already (hosts.${host.name}.second): it has ${found.join(', ')}. ` +
      `Take that away, or name another interface in hosts.${host.name}.second.interface`,
    1,
  )
}

/** Reads the flags of an interface, its IPv4 addresses with prefix lengths, its routes in the main table, and the addresses in our files. */
function parseInterface(text: string) {
  const [about = '', routes = '', file = ''] = text.split(/^(?:routes|ours)\n/m)
  return {
    flags: about.match(/<(.*?)>/)?.[1]?.split(',') ?? [],
    addresses: [...about.matchAll(/^ +inet (\S+) .*scope global/gm)].map(([, address]) => address!),
    routes: routes.split('\n').flatMap((route) => route.trim() || []),
    earlier: [...file.matchAll(/^\s*(?:address1?[= ]|ip1=)([\d.]+)(?:\/32)?$/gim)].map(([, address]) => address!),
  }
}

/** @param addresses what the interface has, with prefix lengths: all of them ours */
function activation(target: Target, up: boolean, addresses: readonly string[]) {
  const { interface: device, address } = secondOf(target.host)
  const manager = networkManagerOf(target.facts, target.host.interface)
  return {
    // Those set by hand or by an earlier inventory; networkd sets its own when it configures the interface again.
    apply: sh`
for address in ${addresses}; do ip address delete "$address" dev ${device} || true; done
${manager.up(device)}
for _ in {1..30}; do
  if [ "$(cat ${`/sys/class/net/${device}/carrier`} 2>/dev/null)" = 1 ] &&
    ip -o -4 address show dev ${device} to ${address} | grep -q .; then exit 0; fi
  sleep 1
done
echo ${`${device} has no carrier or no address after 30 s`}
exit 1`,
    undo: sh`
[ -e ${`/sys/class/net/${device}`} ] || exit 0
ip address delete ${`${address}/32`} dev ${device} 2>/dev/null || true
# Somebody else may have come to use the interface, and ifdown would take all of its addresses away.
if ! { ip -4 -o address show dev ${device} scope global; ip -6 -o address show dev ${device} scope global permanent; } | grep -q .; then
  ${manager.down(device)}
  ip link set dev ${device} ${up ? 'up' : 'down'}
fi
for address in ${addresses}; do ip address replace "$address" dev ${device}; done`,
  }
}
