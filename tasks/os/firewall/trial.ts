import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { UserError } from '../../../engine/base/errors.ts'
import { type Script, sh } from '../../../engine/base/sh.ts'
import { SharedRead } from '../../../engine/runner/shared-read.ts'
import { type Task, unchanged, unknown } from '../../../engine/runner/task.ts'
import { isOf6, type Wire } from './firewall.ts'
import { savedRules } from './saved-rules.ts'
import { copied } from './trial-copy.ts'
import { inside } from './trial-inside.ts'
import { stopped, untold } from './trial-words.ts'

/**
 * A check that packets of the cluster get through whatever filters the host has, found by trying: in a network namespace
 * with a copy of all rules and the cluster's own, real packets come in by a device of the same name. Nothing reaches the
 * network, and the host's own rules are only read.
 * @param wires one after the other, each with its packets
 * @param ours sets the cluster's rules there; prints `refused=PROGRAM WHY` and exits where they can't be set
 */
export const packetsPass = (wires: readonly Wire[], ours: Script): Task => ({
  name: 'packets of the cluster pass the packet filter',
  probe: probe(wires, ours),
  plan: ({ text }) => {
    const why = text.match(/^untried=(.*)$/m)?.[1]
    if (why !== undefined) return unknown(`it could not be tried: ${why}`)
    const [, program, refused] = text.match(/^refused=(\S+) (.*)$/m) ?? []
    if (program) throw new UserError(`${program} can not set the cluster's rules: ${refused}`, 1)
    const packets = wires.flatMap(({ packets, device }) => packets.map((packet) => ({ ...packet, device })))
    const results = text.match(/^(?:pass|drop|from|to|elsewhere)(?: .*)?$/gm) ?? []
    const place = results.findIndex((result) => !result.startsWith('pass'))
    const packet = packets[place]
    if (packet) throw new UserError(stopped(text, results[place]!, packet), 1)
    const open = untold(text, results, packets)
    return open === undefined ? unchanged() : unknown(open)
  },
})

const code = readFileSync(new URL('packets.pl', import.meta.url), 'utf8')
const passed = '/run/keepalived-playbooks-trial.passed'
const digest = (...texts: string[]) => createHash('sha256').update(JSON.stringify(texts)).digest('hex')

// iptables-nft's tables hold matches that nft can't read back, so iptables carries them over itself.
// A process costs a small host more than all else here, so there are few.
function probe(wires: readonly Wire[], ours: Script): Script {
  const trial = inside(wires, ours).text
  return new SharedRead(
    savedRules,
    [],
    sh`(
for program in ip unshare perl; do
  command -v "$program" >/dev/null || { echo "untried=there is no $program"; exit 0; }
done
folder=$(mktemp -d /run/keepalived-playbooks-trial.XXXXXX) || exit 1
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
{ mapfile -t loaded </proc/modules; } 2>/dev/null
${copied(
  wires.map(({ device }) => device),
  wires.some(({ packets }) => packets.some(isOf6)),
)}
# What has passed once is not tried again before the host boots, as long as packets, rules, devices and modules are the same.
tried="${digest(code, trial)} \${loaded[*]%% *}"
for file in *; do
  IFS= read -rd '' text <"$file"
  tried+=$'\n'"$file"$'\n'$text
done
{ IFS= read -rd '' before; IFS= read -rd '' results; } 2>/dev/null <${passed}
if [ "$tried" = "$before" ]; then
  if [[ $results == *' '* ]]; then printf %s "$results"; fi
  exit 0
fi
printf %s ${code} >packets.pl
unshare --net bash -c ${trial} 2>why || echo "untried=$(grep -m1 'Error: ' why || grep -v '^Command failed' why | tail -n 1)"
if [ -e passed ]; then (umask 077; { printf '%s\0' "$tried"; cat passed; } >${passed}); fi
# The host itself did not need them; the latest comes first.
{ mapfile -t modules </proc/modules; } 2>/dev/null
for module in "\${modules[@]%% *}"; do
  [[ " \${loaded[*]%% *} " == *" $module "* ]] || rmmod "$module" 2>/dev/null
done
true
)`,
  )
}
