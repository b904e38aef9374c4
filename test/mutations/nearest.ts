import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseSync } from 'oxc-parser'
import { root } from '../run-file.ts'

/** @returns the text of a file of the checkout */
export const read = (file: string): string => readFileSync(join(root, file), 'utf8')

/** The files that each file imports. */
const imports = new Map<string, string[]>()

function importsOf(file: string): string[] {
  const known = imports.get(file)
  if (known) return known
  const found = parseSync(file, read(file)).module.staticImports.map(({ moduleRequest }) => moduleRequest.value)
  const local = found.filter((name) => /^\.\.?\/.*ts$/.test(name)).map((name) => join(dirname(file), name))
  imports.set(file, local)
  return local
}

/** Whether a test starts programs of the project, which may be of any file. */
const startsPrograms = (test: string) => /process\.execPath/.test(read(test))

/** @returns the test files that a file can matter to, those first that import it in the fewest steps */
export function nearestFirst(tests: readonly string[], file: string): string[] {
  const steps = (from: string): number => {
    const seen = new Set([from])
    for (let [near, step] = [[from], 0]; near.length > 0; step++) {
      if (near.includes(file)) return step
      near = near.flatMap(importsOf).filter((one) => !seen.has(one) && seen.add(one))
    }
    return Infinity
  }
  return tests
    .map((test) => ({ test, far: steps(test) }))
    .filter(({ test, far }) => far < Infinity || startsPrograms(test))
    .sort((a, b) => a.far - b.far || 0)
    .map(({ test }) => test)
}
