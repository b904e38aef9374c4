import { UserError } from '../../engine/base/errors.ts'
import { median } from '../measure.ts'
import { type Contender, contendersOf, type Key } from './contenders.ts'
import type { Figure } from './figures.ts'
import { writeInventories } from './inventory.ts'
import { type Usage, usageOf } from './usage.ts'

type Run = Usage & ReturnType<Contender['counts']>

/** What finds nothing to change, or the hosts are not as they have to be. */
const idle: readonly Key[] = ['converged', 'check', 'pairs', 'bare', 'script', 'openssh', 'ansible', 'mitogen']

/** What only brings hosts to where something can be measured. */
const unreported: readonly Key[] = ['undo', 'teardown', 'pairsFirst']

export interface Rounds {
  /** Of what changes nothing. */
  rounds: number
  /** Of first applies, each but the last taken back again. */
  applies: number
  /** Of other tools, which take much longer. */
  others: number
}

/**
 * Measures a fleet of so many hosts in blocks of rounds, each thing once a round, so that what else the machine does meets all
 * of them.
 * @param folder where inventories and temporary files go
 * @throws UserError where the changes of one thing differ between its runs, or something changes what is as it shall be
 */
export async function measure(
  count: number,
  { rounds, applies, others }: Rounds,
  folder: string,
  say: (line: string) => void,
): Promise<Figure[]> {
  const contenders = contendersOf(count, writeInventories(folder, count), folder)
  const runs = new Map<Key, Run[]>()
  const run = async (...keys: Key[]) => {
    for (const key of keys) {
      const { name, program, counts } = contenders[key] as Contender
      const usage = await usageOf(program)
      const made = { ...usage, ...counts(usage.stdout) }
      const all = [...(runs.get(key) ?? []), made]
      runs.set(key, all)
      say(`${count} hosts  ${name}: ${usage.wall.toFixed(2)} s, ${made.changed} changes`)
      refuseOdd(name, all, idle.includes(key))
    }
  }
  const times = async (many: number, ...keys: Key[]) => {
    for (let round = 0; round < many; round++) await run(...keys)
  }
  await times(applies - 1, 'scriptFirst', 'undo')
  await run('scriptFirst')
  await times(rounds, 'bare', 'script', 'openssh')
  // On what the script has made: they find it as they want it, or the work is not the same.
  await times(others, 'ansible', 'mitogen')
  await run('undo')
  await times(others, 'ansibleFirst', 'undo')
  await times(applies - 1, 'first', 'teardown')
  await run('first')
  await times(rounds, 'converged', 'check')
  if (count >= 4) {
    await run('pairsFirst')
    await times(rounds, 'pairs')
  }
  return [...runs]
    .filter(([key]) => !unreported.includes(key))
    .map(([key, all]) => figureOf(count, key, contenders[key].name, all))
}

function refuseOdd(name: string, runs: readonly Run[], isIdle: boolean): void {
  const changes = [...new Set(runs.map(({ changed }) => changed))]
  if (changes.length > 1)
    throw new UserError(
      `${name}: its runs made ${changes.join(' and ')} changes, so what they took can't be compared`,
      1,
    )
  if (isIdle && changes[0] !== 0)
    throw new UserError(`${name}: it made ${changes[0]} changes where there was nothing to change`, 1)
}

function figureOf(count: number, key: Key, name: string, runs: readonly Run[]): Figure {
  const of = (value: (run: Run) => number) => median(runs.map(value))
  const [{ changed, executions }] = runs as [Run]
  return {
    count,
    key,
    name,
    runs: runs.length,
    wall: of(({ wall }) => wall),
    controller: of(({ controller }) => controller),
    hosts: of(({ hosts }) => hosts),
    memory: of(({ memory }) => memory),
    changed,
    ...(executions !== undefined && { executions }),
  }
}
