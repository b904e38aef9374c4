import type { Place, Problem, Statement } from '../../conf/statement.ts'

/** The files of a node as they are. */
export interface NodeFiles {
  name: string
  statements: readonly Statement[]
  /** What keepalived takes as if it were right. */
  problems: readonly Problem[]
}

/** A mistake in a file, or something that will go wrong one day. */
export interface Hazard {
  /** What it is, for scripts; docs/import.md lists them. */
  code: string
  place: Place
  what: string
  cure: string
}

/** @returns a function that makes hazards of a code */
export const hazard =
  (code: string, cure: string) =>
  (place: Place, what: string, better = cure): Hazard => ({
    code,
    place: { file: place.file, line: place.line, column: place.column },
    what,
    cure: better,
  })

/** @returns blocks of a keyword at the top level */
export const blocks = ({ statements }: NodeFiles, keyword: string): Statement[] =>
  statements.filter(({ words }) => words[0] === keyword)

/** @returns what stands in `global_defs` */
export const globals = (node: NodeFiles): Statement[] => blocks(node, 'global_defs').flatMap(({ block }) => block)
