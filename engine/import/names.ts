import { hostName } from '../../inventory/values.ts'
import type { Statement } from '../conf/statement.ts'
import { find } from './facts.ts'

/** Names that samples have. */
const sample = /^(LVS-DEVEL|LVS-MAIN|keepalived|localhost)$/i
/** What says nothing of a node in the name of a file. */
const usual = /^(etc|keepalived|conf|config|cfg|txt|files|templates|j2|node|host|-)*$/

const isName = (text: string) => new RegExp(hostName.pattern).test(text) && text.length <= 63 && !sample.test(text)

/**
 * @param files each node's, as named by the person
 * @returns names of nodes: by `router_id`, else by what differs in the paths of the files, else node1, node2 …
 */
export function namesOf(files: readonly string[], statements: readonly (readonly Statement[])[]): string[] {
  const globals = statements.map((all) =>
    all.filter(({ words }) => words[0] === 'global_defs').flatMap(({ block }) => block),
  )
  const ids = globals.map((block) => (find(block, 'router_id')?.words[1] ?? '').replaceAll('_', '-'))
  if (areGood(ids)) return ids
  const paths = files.map((file) => file.split(/[/\\]/).map((part) => part.replace(/\.(conf|cfg|txt)$/, '')))
  const own = paths.map((path) => {
    const parts = path.filter((part) => !paths.every((other) => other.includes(part)))
    return (parts.at(-1) ?? '')
      .split(/[^A-Za-z0-9]+/)
      .filter((word) => !usual.test(word.toLowerCase()))
      .join('-')
  })
  return files.length > 1 && areGood(own) ? own : files.map((_, index) => `node${index + 1}`)
}

const areGood = (names: readonly string[]) =>
  names.every(isName) && new Set(names.map((name) => name.toLowerCase())).size === names.length
