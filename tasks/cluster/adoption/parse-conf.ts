/** A statement of keepalived.conf(5). */
export interface Statement {
  words: readonly string[]
  line: number
  /** What stands in its braces. */
  block: Statement[]
}

/** What a keepalived.conf says. */
export interface Conf {
  statements: Statement[]
  /** The line where braces stop to match, so that blocks may be others than they seem. */
  unclear?: number
}

/** Reads the text of a keepalived.conf: comments are left out, nothing is included or expanded. */
export function parseConf(text: string): Conf {
  const root: Statement[] = []
  const open = [root]
  const begun: number[] = []
  let unclear: number | undefined
  text.split('\n').forEach((row, index) => {
    let words: string[] = []
    const end = () => {
      if (words.length > 0) open.at(-1)!.push({ words, line: index + 1, block: [] })
      words = []
    }
    for (const [word] of row.matchAll(token)) {
      if (/^[!#]/.test(word)) break
      if (!/^[{}]$/.test(word)) words.push(word.replaceAll('"', ''))
      else {
        end()
        if (word === '}') {
          if (begun.pop() === undefined) unclear ??= index + 1
          else open.pop()
        } else {
          // The brace may stand in a line of its own.
          open.push(open.at(-1)!.at(-1)?.block ?? [])
          begun.push(index + 1)
        }
      }
    }
    end()
  })
  unclear ??= begun[0]
  return { statements: root, ...(unclear !== undefined && { unclear }) }
}

/** Text in quotes, which may hold quotes behind a backslash; a comment; a brace; a word. */
const token = /"(?:\\.|[^"\\])*"|'[^']*'|[!#].*|[{}]|[^\s{}!#"]+/g

/** @returns what stands in the braces of these keywords, of all blocks together */
export const within = (block: readonly Statement[], ...keywords: string[]): Statement[] =>
  block.filter(({ words }) => keywords.includes(words[0]!)).flatMap((one) => one.block)
