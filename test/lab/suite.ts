import { basename } from 'node:path'
import { test as uvu } from 'uvu'
import { collectEvidence } from '../../lab/evidence.ts'

const file = basename(process.argv[1]!, '.test.mts')

/** A test on the lab's machines. The first that fails in a file leaves how the machines were at that moment. */
export const test = Object.assign(
  (name: string, body: () => Promise<void>) =>
    uvu(name, async () => {
      const began = performance.now()
      try {
        await body()
      } catch (error) {
        if (!collected) {
          collected = true
          console.log(`how the machines were: ${await collectEvidence(`${file}-${name}`)}`)
        }
        throw error
      } finally {
        console.log(`${((performance.now() - began) / 1000).toFixed(1)} s for: ${name}`)
      }
    }),
  { before: uvu.before, after: uvu.after, run: uvu.run },
)

// What fails after it fails in its wake.
let collected = false
