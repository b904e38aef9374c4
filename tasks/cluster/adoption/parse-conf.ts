/** A statement of keepalived.conf(5). */
export interface Statement {
  words: readonly string[]
  line: number
  /** What stands in its braces. */
  block: Statement[]
}

/** Reads the text of a keepalived.conf: comments are left out, nothing is included or expanded. */
export function parseConf(text: string): Statement[] {
  const root: Statement[] = []
  const open = [root]
  text.split('\n').forEach((row, index) => {
    let words: string[] = []
    const end = () => {
      if (words.length > 0) open.at(-1)!.push({ words, line: index + 1, block: [] })
      words = []
    }
    for (const [token] of row.matchAll(/"[^"]*"|[!#].*|[{}]|[^\s{}!#"]+/g)) {
      if (/^[!#]/.test(token)) break
      if (!/^[{}]$/.test(token)) words.push(token.replaceAll('"', ''))
      else {
        end()
        if (token === '}' && open.length > 1) open.pop()
        // The brace may stand in a line of its own.
        if (token === '{') open.push(open.at(-1)!.at(-1)?.block ?? [])
      }
    }
    end()
  })
  return root
}

/** @returns what stands in the braces of these keywords, of all blocks together */
export const within = (block: readonly Statement[], ...keywords: string[]): Statement[] =>
  block.filter(({ words }) => keywords.includes(words[0]!)).flatMap((one) => one.block)
