// What a converged level-2 run costs beside the least it could cost: "connect and run one shell script" on the same
// hosts over the same transport, as a whole process each, in turn, in one run. The ratio is the result.
//   node bench/converged.mts [RUNS] [INVENTORY]
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const runs = Number(process.argv[2] ?? 5)
const inventory = process.argv[3] ?? `${root}inventory/lab.yaml`

function seconds(...command: string[]): number {
  const began = performance.now()
  const { status, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}: ${stderr}`)
  return (performance.now() - began) / 1000
}

const zx = 'node_modules/zx/build/cli.js'
const contenders: Record<string, () => number> = {
  'connect and run one shell script': () => seconds('bench/one-script.mts', inventory),
  'level2.mts --no-verify, nothing to change': () =>
    seconds(zx, 'playbooks/level2.mts', '-i', inventory, '--no-verify'),
  'level2.mts with its cluster check': () => seconds(zx, 'playbooks/level2.mts', '-i', inventory),
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!

const times = new Map(Object.keys(contenders).map((name) => [name, [] as number[]]))
seconds(zx, 'playbooks/level2.mts', '-i', inventory)
for (let run = 0; run < runs; run++) {
  for (const [name, time] of Object.entries(contenders)) times.get(name)!.push(time())
}
const [least] = [...times.values()]
for (const [name, all] of times) {
  const ratio = median(all.map((time, i) => time / least![i]!))
  console.log(`${name.padEnd(44)} ${median(all).toFixed(2).padStart(6)} s   ${ratio.toFixed(2).padStart(5)} ×`)
}
