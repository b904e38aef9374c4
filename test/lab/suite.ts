import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test as uvu } from 'uvu'
import { collectEvidence } from '../../lab/evidence.ts'
import { repair } from '../../lab/lab.ts'
import { nodes } from './cluster.ts'

const file = basename(process.argv[1]!, '.test.mts')

/**
 * A test on the lab's machines. The first that fails in a file leaves how the machines were at that moment; none leaves
 * machines that are off, or cut, to those that follow.
 */
export const test = Object.assign(
  (name: string, body: () => Promise<void>) =>
    uvu(name, async () => {
      const began = performance.now()
      try {
        await body()
      } catch (error) {
        if (!collected) {
          collected = true
          const folder = await collectEvidence(`${file}-${name}`)
          console.log(`how the machines were: ${folder}`)
          for (const node of nodes) console.log(lastWords(node, folder))
        }
        await repair()
        throw error
      } finally {
        console.log(`${((performance.now() - began) / 1000).toFixed(1)} s for: ${name}`)
      }
    }),
  { before: told(uvu.before), after: told(uvu.after), run: uvu.run },
)

/** uvu says only that no test has passed where what comes before or after them fails. */
function told(hook: typeof uvu.before) {
  return (body: () => Promise<void>) =>
    hook(async () => {
      try {
        await body()
      } catch (error) {
        console.log(`before or after the tests: ${(error as Error).stack}`)
        throw error
      }
    })
}

// What fails after it fails in its wake.
let collected = false

/** The last log lines of keepalived on a node, for readers who have only the test output. */
function lastWords(node: string, folder: string): string {
  const journal = readFileSync(join(folder, node, 'journal.txt'), 'utf8').split('\n')
  return journal
    .filter((line) => line.includes('Keepalived'))
    .slice(-15)
    .join('\n')
}
