// How long the lab's machines and what is done with them take, each as the median of some runs, on a machine that does nothing else.
//   node bench/lab.mts [RUNS]
import { spawnSync } from 'node:child_process'
import type { Documents } from '../documents/all.ts'
import { kill, labDown, labUp, start } from '../lab/lab.ts'
import { median, root, run, secondsOf, zx } from './measure.ts'

const runs = Number(process.argv[2] ?? 3)

const playbook = (name: string, ...args: string[]) => run(zx, `playbooks/${name}.mts`, ...args)
const onNs1 = (command: string) => ['-F', '.lab/ssh_config', '-o', 'ConnectTimeout=2', 'ns1', command]
const bootId = (): string =>
  spawnSync('ssh', onNs1('cat /proc/sys/kernel/random/boot_id'), { cwd: root, encoding: 'utf8' }).stdout.trim()

/** Reboots ns1 from inside, and waits until it lets somebody in again. */
function reboot(): void {
  const before = bootId()
  spawnSync('ssh', onNs1('sudo systemctl reboot'), { cwd: root })
  for (let now = ''; !now || now === before; now = bootId());
}

/** Reboots the nodes of a cluster of level 3 one by one. @throws where a client has lost an answer */
function roll(): void {
  const { prober } = JSON.parse(playbook('rolling-reboot', '--yes', '--json')) as Documents['rolling-reboot']
  for (const [protocol, { lost }] of Object.entries(prober!.tallies))
    if (lost > 0) throw new Error(`${lost} answers by ${protocol} were lost`)
}

const up = () => labUp({ yes: true, waitForKernel: true, say: () => {} })

/** What is measured, in its order. Each begins with the machines as the one before left them. */
const measured: [name: string, work: () => unknown, before?: () => unknown][] = [
  ['four machines boot at once, to SSH', up, () => labDown()],
  ['one machine boots, to SSH', () => start('ns1'), () => kill('ns1')],
  ['a reboot from inside, SSH to SSH', reboot],
  ['level 2 from nothing, machines down', () => playbook('level2'), () => labDown()],
  ['a rolling reboot of two nodes at level 3', roll, () => playbook('level3')],
]

for (const [name, work, before = () => {}] of measured) {
  const times: number[] = []
  for (let i = 0; i < runs; i++) {
    await before()
    times.push(await secondsOf(work))
  }
  const each = times.map((time) => time.toFixed(1)).join(', ')
  console.log(`${name.padEnd(42)} ${median(times).toFixed(1).padStart(6)} s   (${each})`)
}
await labDown()
