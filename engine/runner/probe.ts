import { randomBytes } from 'node:crypto'
import { lines, type Script, sh } from '../base/sh.ts'
import { readOnce, SharedRead } from './shared-read.ts'
import type { Printed } from './task.ts'

/** A script that runs many probes in one execution, and the parser of its output. */
export interface ProbeBatch {
  script: string
  /** @throws Error when the output is not whole, as after a connection that was lost */
  parse(stdout: Buffer): Printed[]
}

/**
 * Packs probes into one script. A probe runs in its own subshell, so that it can't harm the next, unless it only prints what
 * all share; an unguessable marker separates their output. Tasks with the same probe share one run of it.
 * @param probes read-only scripts, in order
 */
export function batchProbes(probes: readonly Script[]): ProbeBatch {
  const marker = `probe-${randomBytes(9).toString('hex')}`
  const distinct = [...new Map(probes.map((probe) => [probe.text, probe])).values()]
  const places = new Map(distinct.map(({ text }, index) => [text, index]))
  const mark = sh`printf '\n%s %d\n' ${marker} "$?"`
  const script = lines(
    sh`export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin`,
    readOnce(distinct),
    ...distinct.flatMap((probe) => [inShell(probe), mark]),
  )
  return {
    script: script.text,
    parse(stdout) {
      const printed = parseBatch(stdout, marker, distinct.length)
      return probes.map(({ text }) => printed[places.get(text)!]!)
    },
  }
}

const inShell = (probe: Script): Script => (probe instanceof SharedRead ? probe.print : lines(sh`(`, probe, sh`)`))

function parseBatch(stdout: Buffer, marker: string, expected: number): Printed[] {
  const pieces = stdout.toString('utf8').split(new RegExp(`\n${marker} (\\d+)\n`))
  // split() with a group gives text, code, text, code, …, rest.
  const printed: Printed[] = []
  for (let i = 0; i + 1 < pieces.length; i += 2) printed.push({ text: pieces[i]!, code: Number(pieces[i + 1]) })
  if (printed.length !== expected) throw new Error(`${printed.length} of ${expected} probes answered`)
  return printed
}
