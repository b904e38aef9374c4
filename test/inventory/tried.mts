// What tests of any inventory do with it.
import { equal as is } from 'node:assert/strict'
import fc from 'fast-check'
import { directs } from '../../inventory/roles.ts'
import { keepalivedConf } from '../../tasks/cluster/keepalived-conf.ts'
import { filesOf } from '../rendered.ts'
import { env, seed } from './any.mts'
import { complaint, load } from './samples.mts'

const cases = Number(process.env.CASES ?? 100)
console.log(`SEED=${seed} CASES=${cases}`)

const levels = [1, 2, 3] as const
export const anyLevel = fc.constantFrom(undefined, ...levels)

/** Renders what the levels write on the first host and on the last. */
export function renderAll(text: string): void {
  const inventory = load(text, { env })
  for (const level of levels.filter((one) => complaint(text, { env, level: one }) === 'valid'))
    for (const host of [inventory.hosts[0]!, inventory.hosts.at(-1)!])
      is(filesOf(inventory, host, level).has(keepalivedConf), directs(host))
}

/** Many times what a case takes. The smallest case that fails can take hours to find: it is the smallest so far then. */
const milliseconds = 60_000 + cases * 150

/** Tries a property as often as CASES says; of what fails, the smallest is shown. */
export const run = <T,>(property: fc.IProperty<T>) =>
  fc.assert(property, {
    numRuns: cases,
    seed,
    includeErrorInReport: true,
    plugins: [fc.interruptAfterTimeLimit(milliseconds, { failOnInterrupt: true })],
  })
