// What the runner costs with many hosts, beside one script a host, OpenSSH alone and Ansible: docs/performance.md.
//   node bench/fleet.mts --hosts 2,20,50,100 [--rounds N] [--applies N] [--others N] [--json] [--write]
//     --applies: rounds of first applies; --others: rounds of Ansible; --write: keeps results in docs/performance.json,
//     beside those of other numbers of hosts; `npm run docs` makes the page of it
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { leaveBashrcOut } from '../engine/base/bashrc.ts'
import { tell, UserError } from '../engine/base/errors.ts'
import { inCi } from '../engine/cli/options.ts'
import { fleetDown, fleetUp } from '../lab/fleet/fleet.ts'
import { countOf } from '../lab/fleet/plan.ts'
import { readState } from '../lab/fleet/state.ts'
import { ensureInstalled } from '../lab/packages.ts'
import { figureRows, type Measured, merged, ratioRows } from './fleet/figures.ts'
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
        applies: { type: 'string', default: '1' },
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

const machine = () =>
  `${cpus().length} × ${cpus()[0]!.model}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}, Node ${process.version}`

/** Measures fleets one after the other. @param hear called with the results of each */
async function measureAll(counts: readonly number[], rounds: Rounds, yes: boolean, hear: (one: Measured) => void) {
  if (readState()) throw new UserError('there is a fleet already: end it first: npm run lab -- fleet down', 1)
  await ensureInstalled(needs, yes, say)
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  try {
    for (const count of counts) {
      const load = Math.round(loadavg()[0]! * 10) / 10
      await fleetUp(count, yes, say)
      const figures = await measure(count, rounds, join(folder, String(count)), say)
      await fleetDown(say)
      hear({ count, date: new Date().toISOString().slice(0, 10), machine: machine(), load, figures })
    }
  } finally {
    if (readState()) await fleetDown(say)
    rmSync(folder, { recursive: true, force: true })
  }
}

const resultFile = join(root, 'docs/performance.json')

function write(measured: Measured): void {
  const old = existsSync(resultFile) ? (JSON.parse(readFileSync(resultFile, 'utf8')) as Measured[]) : []
  writeFileSync(resultFile, `${JSON.stringify(merged(old, [measured]), null, 2)}\n`)
}

function table(rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')).join('\n')
}

// Also for what is measured: it would be read for each host.
leaveBashrcOut()
try {
  const { hosts, rounds, applies, others, json, write: keep, yes } = options()
  const all: Measured[] = []
  const wanted = { rounds: Number(rounds), applies: Number(applies), others: Number(others) }
  await measureAll(hosts.split(',').map(countOf), wanted, yes || inCi(), (one) => {
    all.push(one)
    if (keep) write(one)
  })
  const figures = all.flatMap((one) => one.figures)
  console.log(json ? JSON.stringify(all, null, 2) : [figureRows(figures), ratioRows(figures)].map(table).join('\n\n'))
} catch (error) {
  tell(error)
}
