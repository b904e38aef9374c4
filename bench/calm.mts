// How often a quick cluster takes a node for dead that is not, while its machines and its network have a hard time.
//   node bench/calm.mts MINUTES PERCENT MILLISECONDS
//     PERCENT of all frames are lost, the others come up to MILLISECONDS late; the processors of all nodes are busy, and
//     each machine stops for 150 ms a minute
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { labUp, status } from '../lab/lab.ts'
import { disturb } from '../lab/network.ts'
import { labFolder, sshConfigFile } from '../lab/paths.ts'
import { root, run, zx } from './measure.ts'

const [minutes = 30, percent = 5, milliseconds = 50] = process.argv.slice(2).map(Number)
const nodes = ['ns1', 'ns2'] as const
const inventory = join(labFolder, 'calm.yaml')

/** Runs bash as root on a machine. */
function on(machine: string, script: string): string {
  const words = ['-F', sshConfigFile, machine, 'sudo', 'bash', '-s']
  const { stdout, stderr, status: code } = spawnSync('ssh', words, { input: script, encoding: 'utf8' })
  if (code !== 0) throw new Error(`${machine}: ${stderr}`)
  return stdout
}

/** @returns what keepalived has done since, a line each */
const eventsSince = (node: string, since: string): string[] =>
  on(
    node,
    `journalctl -q -u keepalived --since '${since}' -o short-precise --no-pager |
      grep -E 'Entering (MASTER|BACKUP|FAULT) STATE|(Removing|Adding) service|BFD_Instance.*(Down|Up)' || true`,
  )
    .split('\n')
    .filter((line) => line !== '')

/** Stops a machine, as a host does that copies it. */
async function stopFor(name: string, time: number): Promise<void> {
  const { pid } = status()!.machines.find((machine) => machine.name === name)!
  process.kill(-pid!, 'SIGSTOP')
  await sleep(time)
  process.kill(-pid!, 'SIGCONT')
}

await labUp({ yes: true, waitForKernel: true, say: console.log })
const lab = readFileSync(`${root}inventory/lab.yaml`, 'utf8').replace('../.lab/', '')
writeFileSync(inventory, lab.replace(/auth_pass: .*/, 'failover: quick'))
run(zx, 'playbooks/level3.mts', '--inventory', inventory, '--yes')

for (const node of nodes)
  on(node, `for i in 1 2 3 4; do systemd-run -q --unit busy-$i sh -c 'while :; do :; done'; done`)
disturb({ percent, milliseconds })
const began = on('ns1', "date '+%F %T'").trim()
console.log(`${minutes} minutes from ${began} on`)
try {
  for (let minute = 0; minute < minutes; minute++) {
    for (const node of nodes) {
      await sleep(30_000)
      await stopFor(node, 150)
    }
  }
} finally {
  disturb({ percent: 0, milliseconds: 0 })
  for (const node of nodes) on(node, "systemctl stop 'busy-*'")
}
for (const node of nodes) {
  const events = eventsSince(node, began)
  const count = (pattern: RegExp) => events.filter((line) => pattern.test(line)).length
  console.log(
    `${node}: ${count(/STATE/)} changes of state, ${count(/service/)} changes of pools, ${count(/BFD/)} of BFD`,
  )
  for (const line of events) console.log(`  ${line}`)
}
