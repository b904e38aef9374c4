// What tests of any inventory do with it.
import { ok } from 'node:assert/strict'
import fc from 'fast-check'
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
  const possible = complaint(text, { env, level: 3 }) === 'valid' ? levels : levels.slice(0, 2)
  for (const level of possible)
    for (const place of [0, -1]) ok(filesOf(inventory, inventory.hosts.at(place)!, level).has(keepalivedConf))
}

/** Tries a property as often as CASES says; of what fails, the smallest is shown. */
export const run = <T,>(property: fc.IProperty<T>) =>
  fc.assert(property, { numRuns: cases, seed, includeErrorInReport: true })
