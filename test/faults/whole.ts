// What must hold on each node after every row, whatever has happened.
import { disconnect, nodes, on, state } from '../lab/cluster.ts'

/** Prints a line for each thing that is left over, and how everything was before the first run. */
const kept = `
cd /var/lib/keepalived-playbooks || exit 1
[ ! -e confirm ] || echo "left: a run that waits to be confirmed: $(cat confirm)"
flock -n lock true || echo "left: the lock, held: $(cat lock)"
[ ! -s put-off ] || echo "left: put off: $(cat put-off)"
find . '(' -name '*.new' -o -name '*.again' -o -name '*.plan' -o -name '*.left' -o -name first ')' -printf 'left: half of something: %P\\n'
find /etc /var/lib/keepalived-playbooks /run/keepalived-playbooks -name '.?*.??????' -newer format -printf 'left: a file that was being written: %p\\n' 2>/dev/null
systemctl list-units --all --plain --no-legend 'keepalived-playbooks-*' | sed 's/^/left: /'
iptables-save | grep '^-A' | sort | uniq -d | sed 's/^/left: a doubled rule: /'
ip -4 rule | sort | uniq -d | sed 's/^/left: a doubled rule: /'
sed '/; serial$/d' /etc/bind/*.zone | sha256sum | sed 's/^/zones /'
for original in originals/*/; do
  read -r _ key <"$original/about"
  echo "original $key $(cat "$original/undo" "$original/before" | sha256sum)"
done | sort`

/**
 * The VIP moves, networkd sets what it likes on an interface, and services of the system come and go. A zone that is made anew has
 * another serial: `kept` compares the rest of it.
 */
const passing = (line: string) =>
  (!line.startsWith('-A') && line.includes('10.2.1.5')) ||
  line.includes('.promote_secondaries') ||
  /^[0-9a-f]{64} .*\/bind\/[^/]*\.zone$/.test(line) ||
  /^unit (systemd|apt|run|user|man|fwupd|dpkg|e2scrub)/.test(line)

/** A node as it is: what it is made of, a line each, and what is left over of runs. */
export interface NodeLines {
  is: Set<string>
  left: string[]
}

/** @returns both nodes, over new connections @throws Error where one is out of reach */
export async function readNodes(): Promise<Record<string, NodeLines>> {
  await disconnect()
  const read = nodes.map(async (node) => {
    const lines = [...(await state(node)), ...(await on(node, kept)).trim().split('\n')]
    const left = lines.filter((line) => line.startsWith('left: ')).map((line) => line.slice('left: '.length))
    return [node, { is: new Set(lines.filter((line) => !line.startsWith('left: ') && !passing(line))), left }] as const
  })
  return Object.fromEntries(await Promise.all(read))
}

/** @returns how the nodes differ from what they were when all was well; nothing, where all is well again */
export async function leftOver(well: Record<string, NodeLines>): Promise<string[]> {
  const now = await readNodes()
  return nodes.flatMap((node) => {
    const { is, left } = now[node]!
    const lost = [...well[node]!.is.difference(is)].map((line) => `- ${line}`)
    const more = [...is.difference(well[node]!.is)].map((line) => `+ ${line}`)
    return [...left, ...lost, ...more].map((line) => `${node}: ${line}`)
  })
}
