// Plays faults on the lab's machines, and prints what became of each: docs/faults.md.
//   node test/faults/run.mts [--chosen] [--list] [--keep] [--markdown] [PATTERN]
import { parseArgs } from 'node:util'
import { leaveBashrcOut } from '../../engine/base/bashrc.ts'
import { disconnect, resetWithPackages, startLab } from '../lab/cluster.ts'
import { Cluster, type Played } from './play.ts'
import { nameOf } from './row.ts'
import { isChosen, rows } from './rows/all.ts'
import { markdownOf, tableOf } from './table.ts'

const { values, positionals } = parseArgs({
  options: {
    /** Only what CI has time for. */
    chosen: { type: 'boolean' },
    /** Names the rows, and plays none. */
    list: { type: 'boolean' },
    /** The machines as they are, in place of plain servers. */
    keep: { type: 'boolean' },
    markdown: { type: 'boolean' },
  },
  allowPositionals: true,
})
leaveBashrcOut()
const pattern = new RegExp(positionals.join(' '), 'i')
const wanted = rows.filter((row) => pattern.test(nameOf(row)) && (!values.chosen || isChosen(row)))
if (wanted.length === 0) throw new Error(`no row is called ${pattern}: see --list`)
if (values.list) for (const row of wanted) console.log(nameOf(row))
else process.exitCode = (await playAll()).some(({ wrong }) => wrong) ? 1 : 0

async function playAll(): Promise<Played[]> {
  await startLab()
  if (!values.keep) await resetWithPackages()
  const cluster = new Cluster()
  const results: Played[] = []
  for (const row of wanted) {
    const played = await cluster.play(row)
    results.push(played)
    console.log(`${results.length}/${wanted.length}  ${tableOf([played])[1]!}`)
    if (played.wrong) console.log([played.wrong, ...played.left].join('\n').replaceAll(/^/gm, '    '))
  }
  await disconnect()
  console.log(`\n${(values.markdown ? markdownOf : tableOf)(results).join('\n')}`)
  const failed = results.filter(({ wrong }) => wrong).length
  console.log(`\n${results.length - failed} passed, ${failed} failed`)
  return results
}
