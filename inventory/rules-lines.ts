import { parseBlocks } from '../engine/conf/blocks.ts'
import type { Draft } from './defaults.ts'
import type { Path, Problem } from './source.ts'

/** Lines of one block, and where they are said. */
interface Lines {
  path: Path
  block: string
  lines: Draft<string[]>
}

/** Braces and quotes of the user's own lines end where they begin: keepalived would take what comes after them for theirs. */
export const ownLines = (cluster: NonNullable<Draft['cluster']>, hosts: Draft['hosts'] = {}): Problem[] =>
  [
    ...byBlock(['cluster'], cluster.keepalived),
    ...Object.entries(cluster.instances ?? {}).flatMap(([name, one]): Lines[] => {
      const path = ['cluster', 'instances', name, 'keepalived']
      return one?.keepalived ? [{ path, block: 'instance', lines: one.keepalived }] : []
    }),
    ...Object.entries(hosts).flatMap(([name, host]) => byBlock(['hosts', name], host?.keepalived)),
  ].flatMap(unfinished)

const byBlock = (owner: Path, keepalived: Partial<Record<string, Draft<string[]>>> = {}): Lines[] =>
  Object.entries(keepalived).flatMap(([block, lines]) =>
    lines ? [{ path: [...owner, 'keepalived', block], block, lines }] : [],
  )

function unfinished({ path, block, lines }: Lines): Problem[] {
  const own = lines.map((text, index) => ({ text: text ?? '', file: '', line: index + 1, column: 1 }))
  const around = (text: string, line: number) => ({ text, file: '', line, column: 1 })
  const whole = block === 'file' ? own : [around(`${block} {`, 0), ...own, around('}', own.length + 1)]
  const { problems } = parseBlocks(whole)
  return problems
    .slice(0, 1)
    .map(({ line, text }) =>
      line > 0 && line <= own.length
        ? { path: [...path, String(line - 1)], text: `must be whole statements: ${text.replace(/ of line \d+/, '')}` }
        : { path, text: 'must have a } for each {, and no other' },
    )
}
