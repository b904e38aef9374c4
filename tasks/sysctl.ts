import { lines, type Script, sh } from '../engine/base/sh.ts'
import { type Resource, type State, type Task, unchanged } from '../engine/runner/task.ts'
import { file, ownFile } from './file.ts'

const ownMark = ownFile.trim()

/**
 * Kernel settings, live and at boot.
 * @param bootFile below /etc/sysctl.d; it holds these settings and no others
 */
export const sysctl = (bootFile: string, settings: Readonly<Record<string, number>>): Task[] => [
  file(bootFile, bootText(settings)),
  ...Object.entries(settings).map(([key, value]) => live(key, value, probe(Object.keys(settings)))),
]

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
      const found = valueIn(text, path)
      if (found === String(value)) return unchanged()
      // Forwarding that was on, but for this interface, was meant so.
      const { text: before, restore: undo } = stateOf(key, found, valueIn(text, pathOf(ipForward)) !== '1')
      return { before, after: `${key} = ${value}`, apply: sh`echo ${value} >${path}`, undo }
    },
  }
}

/** A live kernel setting. */
export const sysctlResource = (key: string): Resource => ({
  probe: probe([key]),
  read: ({ text }) => stateOf(key, valueIn(text, pathOf(key))),
})

const valueIn = (text: string, path: string) =>
  text
    .split('\n')
    .find((row) => row.startsWith(`${path}=`))
    ?.slice(path.length + 1)

/** @param mayStay whether forwarding stays on where others need it by then */
function stateOf(key: string, found: string | undefined, mayStay = true): State {
  if (!found) return { text: '', restore: sh`true` }
  const path = pathOf(key)
  // The interface may be gone by then, and its settings with it.
  const set = sh`[ ! -e ${path} ] || echo ${found} >${path}`
  const forwards = key === ipForward || /^net\.ipv4\.conf\..*\.forwarding$/.test(key)
  const restore = forwards && found === '0' && mayStay ? lines(unlessOthersForward(key), set) : set
  return { text: `${key} = ${found}`, restore }
}

const ipForward = 'net.ipv4.ip_forward'

// Containers, virtual machines and VPNs that came since need forwarding too: they hide their networks behind the host,
// or have a file of sysctl that asks for it, or one that networkd has taken for an interface. Our file is removed after this, so
// it does not count.
const unlessOthersForward = (key: string) => sh`
others=$(
  { iptables-save -t nat; nft list ruleset; } 2>/dev/null | grep -ve keepalived-playbooks- | grep -iowEm1 'masquerade|snat'
  while IFS= read -r file; do
    grep -slE '^[[:space:]]*(IPv4Forwarding|IPForward|IPMasquerade)[[:space:]]*=[[:space:]]*(1|yes|true|on|ipv4|both)' "$file" "$file".d/*.conf
  done < <(printf '%s\n' /etc/systemd/networkd.conf; sed -n 's/^NETWORK_FILE=//p' /run/systemd/netif/links/* 2>/dev/null)
  grep -slE '^[[:space:]]*net[./]ipv4[./](ip_forward|conf[./]all[./]forwarding)[[:space:]]*=[[:space:]]*1' \
    /etc/sysctl.conf /etc/sysctl.d/*.conf /run/sysctl.d/*.conf | xargs -r grep -L ${ownMark}
) || true
if [ -n "$others" ]; then
  echo ${`note: ${key} stays 1, since others forward here by now:`} $others
  exit 0
fi`

/** @returns the name of an interface in a key, where a dot (VLAN) is written as a slash (sysctl(8)) */
export const inKey = (device: string): string => device.replaceAll('.', '/')
