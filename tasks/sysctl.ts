import { type Script, sh } from '../engine/base/sh.ts'
import type { Host } from '../inventory/types.ts'
import { type Task, unchanged } from '../engine/runner/task.ts'
import { file, ownFile } from './file.ts'

/** Sorts after 99-sysctl.conf, so that older settings do not win at boot. */
export const sysctlFile = '/etc/sysctl.d/99-zz-keepalived.conf'

/**
 * Kernel settings, live and at boot.
 * @param bootFile below /etc/sysctl.d; it holds these settings and no others
 */
export const sysctl = (bootFile: string, settings: Readonly<Record<string, number>>): Task[] => [
  file(bootFile, bootText(settings)),
  ...Object.entries(settings).map(([key, value]) => live(key, value, probe(Object.keys(settings)))),
]

/** What a director and its real servers need; the module ip_vs has to be there. */
export const balancing = {
  'net.ipv4.ip_forward': 1,
  'net.ipv4.vs.conntrack': 1,
  // A client that keeps its port would otherwise stay with a real server that has left.
  'net.ipv4.vs.expire_nodest_conn': 1,
  // Connections from another director continue here after a planned move of the VIP.
  'net.ipv4.vs.sloppy_tcp': 1,
}

/** Two interfaces in one network, and clients that come in by the one whose answers leave by the other. */
export function twoInterfaces({ interface: first, second }: Host): Record<string, number> {
  // A dot in the interface name (VLAN) is written as a slash in the key (sysctl(8)).
  const devices = [first, second!.interface].map((name) => name.replaceAll('.', '/'))
  const settings = devices.map((device) => [
    // Loose: the source has to be reachable, by whichever interface.
    [`net.ipv4.conf.${device}.rp_filter`, 2],
    // Each address is answered for by its own interface alone.
    [`net.ipv4.conf.${device}.arp_ignore`, 1],
    [`net.ipv4.conf.${device}.arp_announce`, 2],
  ])
  return Object.fromEntries(settings.flat())
}

const bootText = (settings: Readonly<Record<string, number>>) =>
  ownFile +
  Object.entries(settings)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('')

// sysctl(8) belongs to a package that a small server may lack; the file is always there.
const pathOf = (key: string) => `/proc/sys/${key.replace(/[./]/g, (sign) => (sign === '.' ? '/' : '.'))}`

// All in one, without a process for each.
const probe = (keys: readonly string[]) => sh`
for path in ${keys.map(pathOf)}; do
  { read -r value <"$path" && echo "$path=$value"; } 2>/dev/null
done`

function live(key: string, value: number, probe: Script): Task {
  const path = pathOf(key)
  return {
    name: `sysctl ${key} = ${value}`,
    key: `sysctl ${key}`,
    probe,
    plan: ({ text }) => {
      const found = text
        .split('\n')
        .find((row) => row.startsWith(`${path}=`))
        ?.slice(path.length + 1)
      if (found === String(value)) return unchanged()
      return {
        before: found ? `${key} = ${found}` : '',
        after: `${key} = ${value}`,
        apply: sh`echo ${value} >${path}`,
        // The interface may be gone by then, and its settings with it.
        undo: found ? sh`[ ! -e ${path} ] || echo ${found} >${path}` : sh`true`,
      }
    },
  }
}
