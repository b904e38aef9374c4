// What the bench makes of what it has measured: ratios beside their bounds, tables, inventories of a fleet. That what it runs is
// as it says is for the bench itself, which refuses runs that differ.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Key } from '../bench/fleet/contenders.ts'
import { type Figure, figureRows, ratioRows, ratiosOf } from '../bench/fleet/figures.ts'
import { writeInventories } from '../bench/fleet/inventory.ts'
import { loadInventory } from '../inventory/load.ts'

const figure = (count: number, key: Key, wall: number, more: Partial<Figure> = {}): Figure => ({
  ...{ count, key, name: key, runs: 3, wall, controller: 1, hosts: 2, memory: 80, changed: 0 },
  ...more,
})

test('a ratio is kept or not by the bound of its number of hosts', () => {
  const figures = [2, 20, 100].flatMap((count) => [
    figure(count, 'converged', 3),
    figure(count, 'script', 2, { hosts: 1 }),
  ])
  const [two, twenty, hundred] = ratiosOf(figures).filter(({ name }) => name === 'converged ÷ one script, ssh2')
  assert.equal(two, { name: two!.name, count: 2, value: 1.5, cpu: 1.5, bound: '≤ 2', kept: true })
  assert.equal([twenty!.bound, twenty!.kept], ['≤ 1.4', false])
  assert.equal([hundred!.bound, hundred!.kept], ['≤ 1.3', false])
})

test('others have to be slower by so much', () => {
  const of = (ansible: number) =>
    ratiosOf([figure(2, 'converged', 1), figure(2, 'ansible', ansible)]).find(({ bound }) => bound?.startsWith('≥'))!
  assert.equal([of(8).kept, of(7.9).kept], [true, false])
})

test('what was not measured has no ratio', () => assert.equal(ratiosOf([figure(20, 'script', 1)]), []))

test('memory is held against a bound alone', () => {
  const [memory] = ratiosOf([figure(2, 'converged', 1, { memory: 91 })])
  assert.equal(memory, { name: 'memory, converged, MB', count: 2, value: 91, bound: '≤ 90', kept: false })
})

test('tables have a row for each', () => {
  const figures = [figure(2, 'converged', 1, { executions: 4 }), figure(2, 'check', 2)]
  assert.equal(figureRows(figures)[1], ['2', 'converged', '3', '1.00', '1.00', '2.00', '80', '4', '0'])
  assert.equal(ratioRows(figures)[1], ['2', 'check ÷ converged', '2.00', '1.00', '≤ 1', '**no**'])
})

test('inventories of all numbers of hosts are valid', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  try {
    for (const count of [2, 100, 200]) {
      const { whole, pairs } = writeInventories(folder, count)
      assert.is(loadInventory(whole, { level: 1 }).hosts.length, count)
      assert.is(pairs.length, count / 2)
      const ids = pairs.map((pair) => loadInventory(pair, { level: 1 }).cluster.virtual_router_id)
      assert.is(new Set(ids).size, pairs.length)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.run()
