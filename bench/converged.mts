// What a converged level-2 run costs beside the least it could cost: "connect and run one shell script" on the same
// hosts over the same transport, as a whole process each, in turn, in one run. The ratio is the result.
//   node bench/converged.mts [RUNS] [INVENTORY]
import { median, root, run, secondsOf, zx } from './measure.ts'

const runs = Number(process.argv[2] ?? 5)
const inventory = process.argv[3] ?? `${root}inventory/lab.yaml`

const seconds = (...words: string[]) => secondsOf(() => run(...words))

const contenders: Record<string, () => Promise<number>> = {
  'connect and run one shell script': () => seconds('bench/one-script.mts', inventory),
  'level2.mts --no-verify, nothing to change': () =>
    seconds(zx, 'playbooks/level2.mts', '-i', inventory, '--no-verify'),
  'level2.mts with its cluster check': () => seconds(zx, 'playbooks/level2.mts', '-i', inventory),
}

const times = new Map(Object.keys(contenders).map((name) => [name, [] as number[]]))
await seconds(zx, 'playbooks/level2.mts', '-i', inventory)
for (let round = 0; round < runs; round++) {
  for (const [name, time] of Object.entries(contenders)) times.get(name)!.push(await time())
}
const [least] = [...times.values()]
for (const [name, all] of times) {
  const ratio = median(all.map((time, i) => time / least![i]!))
  console.log(`${name.padEnd(44)} ${median(all).toFixed(2).padStart(6)} s   ${ratio.toFixed(2).padStart(5)} ×`)
}
