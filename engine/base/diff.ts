import { structuredPatch } from 'diff/lib/patch/create.js'
import { type Colours, plain } from './colours.ts'

/**
 * The difference between two texts as people know it from `diff -u`, without its header.
 * @param colour the console's, so that NO_COLOR and pipes get plain text
 */
export function unifiedDiff(before: string, after: string, colour: Colours = plain): string {
  const { hunks } = structuredPatch('', '', before, after, '', '', { context: 2 })
  return hunks
    .flatMap(({ lines }) => lines)
    .filter((line) => !line.startsWith('\\'))
    .map((line) => (line.startsWith('+') ? colour.green(line) : line.startsWith('-') ? colour.red(line) : line))
    .join('\n')
}
