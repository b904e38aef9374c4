// What the runner costs with many hosts, beside one script a host, OpenSSH alone and Ansible: docs/performance.md.
//   node bench/fleet.mts --hosts 2,20,50,100 [--rounds N] [--others N] [--json] [--write]
//     --others: rounds of Ansible; --write: docs/performance.json, which `npm run docs` makes the page of
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { tell, UserError } from '../engine/base/errors.ts'
import { inCi } from '../engine/cli/options.ts'
import { fleetDown, fleetUp } from '../lab/fleet/fleet.ts'
import { countOf } from '../lab/fleet/plan.ts'
import { readState } from '../lab/fleet/state.ts'
import { ensureInstalled } from '../lab/packages.ts'
import { figureRows, type Measured, ratioRows } from './fleet/figures.ts'
import { measure, type Rounds } from './fleet/rounds.ts'
import { root } from './measure.ts'

const say = (line: string) => console.error(line)

const needs = {
  who: 'The measurement',
  programs: { time: 'time', 'ansible-playbook': 'ansible-core', nsenter: 'util-linux' },
  files: { '/usr/lib/python3/dist-packages/ansible_mitogen/__init__.py': 'ansible-mitogen' },
  instead: 'Without --hosts, bench/converged.mts measures with the lab',
}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        hosts: { type: 'string', default: '2,20' },
        rounds: { type: 'string', default: '3' },
        others: { type: 'string', default: '1' },
        json: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        yes: { type: 'boolean', default: false },
      },
    })
    return values
  } catch (error) {
    throw new UserError((error as Error).message)
  }
}

async function measureAll(counts: readonly number[], rounds: Rounds, yes: boolean): Promise<Measured> {
  if (readState()) throw new UserError('there is a fleet already: end it first: npm run lab -- fleet down', 1)
  await ensureInstalled(needs, yes, say)
  const measured: Measured = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]!.model}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}, Node ${process.version}`,
    loads: {},
    figures: [],
  }
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  try {
    for (const count of counts) {
      measured.loads[count] = Math.round(loadavg()[0]! * 10) / 10
      await fleetUp(count, yes, say)
      measured.figures.push(...(await measure(count, rounds, join(folder, String(count)), say)))
      await fleetDown(say)
    }
    return measured
  } finally {
    if (readState()) await fleetDown(say)
    rmSync(folder, { recursive: true, force: true })
  }
}

function table(rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')).join('\n')
}

try {
  const { hosts, rounds, others, json, write, yes } = options()
  const counts = hosts.split(',').map(countOf)
  const measured = await measureAll(counts, { rounds: Number(rounds), others: Number(others) }, yes || inCi())
  const text = `${JSON.stringify(measured, null, 2)}\n`
  if (write) writeFileSync(join(root, 'docs/performance.json'), text)
  if (json) process.stdout.write(text)
  else console.log([table(figureRows(measured.figures)), table(ratioRows(measured.figures))].join('\n\n'))
} catch (error) {
  tell(error)
}
