import type { Played } from './play.ts'

const head = ['fault', 'when', 'what happened', 'seconds', 'lost', 'left over']

/** @returns the words of a row of the table */
const cellsOf = ({ row, what, seconds, lost, left, wrong }: Played): string[] => [
  `${row.fault} (level ${row.level ?? 2})`,
  row.when,
  wrong ? `FAILED: ${wrong.split('\n')[0]}` : what,
  String(seconds),
  String(lost),
  left.length > 0 ? `${left.length}: ${left[0]}` : 'nothing',
]

/** @returns the lines of a table for a terminal */
export function tableOf(played: readonly Played[]): string[] {
  const rows = [head, ...played.map(cellsOf)]
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
}

/** @returns the lines of a table for a page */
export const markdownOf = (played: readonly Played[]): string[] =>
  [head, head.map(() => '---'), ...played.map(cellsOf)].map(
    (row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`,
  )
