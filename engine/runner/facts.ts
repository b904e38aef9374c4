import type { FromSchema } from 'json-schema-to-ts'
import type { factsSchema } from '../../documents/parts/host.ts'
import { sh } from '../base/sh.ts'
import { interfaceFiles } from './ifupdown.ts'

/** What is true of a host before any task. */
export type Facts = FromSchema<typeof factsSchema>

/** Services that load packet filters. */
const packetFilters = ['firewalld', 'nftables', 'iptables'] as const

/** Prints the facts as `key=value` lines; read-only. */
export const factsProbe = sh`
. /etc/os-release
echo "os=$PRETTY_NAME"
echo "ids=$ID $ID_LIKE"
echo "release=$VERSION_ID"
read -r _ version _ < <(keepalived --version 2>&1) && echo "keepalived=\${version#v}"
show() { read -r value <"$2" && echo "$1=$value"; }
show hostname /proc/sys/kernel/hostname
show kernel /proc/sys/kernel/osrelease
show bootId /proc/sys/kernel/random/boot_id
show machineId /etc/machine-id
show init /proc/1/comm
printf 'now=%(%s)T\n' -1
if command -v getenforce >/dev/null; then echo "selinux=$(getenforce)"; else echo selinux=absent; fi
if command -v nmcli >/dev/null; then
  nmcli --terse --escape no --fields DEVICE,TYPE,FILENAME connection show --active 2>/dev/null | sed 's/^/networkmanager=/'
fi
while read -r first second third; do
  if [ "$first $second" = 'Network File:' ]; then
    echo "networkd=$third"
  elif [[ $second =~ ^[0-9]+:$ ]]; then
    echo "link=$third"
  fi
done < <(exec networkctl status --all --no-pager --lines=0 2>/dev/null)
mapfile -t states < <(systemctl is-active ${packetFilters.map((name) => `${name}.service`)} 2>/dev/null)
echo "firewalls=\${states[*]}"
# Its unit is what sets it at boot, and may not have run.
{ read -rd '' ufw </etc/ufw/ufw.conf; } 2>/dev/null
if [[ $'\n'$ufw$'\n' =~ $'\n'ENABLED=[\"\']?(yes|YES)[\"\'[:space:]] ]]; then echo ufw=active; fi
${interfaceFiles}
[ "\${#files[@]}" -eq 0 ] || grep -HsE '^[[:space:]]*iface ' "\${files[@]}" | sed 's/^/ifupdown=/'
true`

/** Reads what `factsProbe` printed. Whether a host can be handled is for the tasks to say. */
export function parseFacts(text: string): Facts {
  const fact = (key: string) => text.match(new RegExp(`^${key}=(.*)$`, 'm'))?.[1] ?? ''
  return {
    ids: fact('ids').split(' ').filter(Boolean),
    os: fact('os'),
    release: fact('release'),
    keepalived: /^\d+\.[\d.]+$/.exec(fact('keepalived'))?.[0] ?? '',
    hostname: fact('hostname'),
    kernel: fact('kernel'),
    bootId: fact('bootId'),
    machineId: fact('machineId'),
    now: Number(fact('now')),
    init: fact('init'),
    selinux: fact('selinux').toLowerCase() as Facts['selinux'],
    firewalls: [
      ...packetFilters.filter((_, place) => fact('firewalls').split(' ')[place] === 'active'),
      ...(fact('ufw') === 'active' ? (['ufw'] as const) : []),
    ],
    interfaces: parseInterfaces(text),
  }
}

function parseInterfaces(text: string): Facts['interfaces'] {
  const interfaces: Record<string, Facts['interfaces'][string]> = {}
  for (const [, name, type, file] of text.matchAll(/^networkmanager=([^:]+):(?:([^:/]*):)?(\/.*)$/gm)) {
    // A file of this name tells what NetworkManager found and leaves to others. A VPN names the interface that it goes by.
    if (type !== 'vpn' && file !== `/run/NetworkManager/system-connections/${name}.nmconnection`)
      interfaces[name!] = { manager: 'NetworkManager', file: file! }
  }
  for (const [, file, name] of text.matchAll(/^ifupdown=(.*?):\s*iface\s+(\S+)/gm))
    interfaces[name!] = { manager: 'ifupdown', file: file! }
  for (const [, name, file] of text.matchAll(/^link=(.*)\nnetworkd=(\/.*)$/gm))
    interfaces[name!] = { manager: 'networkd', file: file! }
  return interfaces
}
