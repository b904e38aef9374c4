import { type Line, type Problem, placed, type Statement } from './statement.ts'
import { openQuote, withoutComment, wordsOf } from './words.ts'

/** What a keepalived.conf says. */
export interface Conf {
  statements: Statement[]
  /** In the order of the lines. */
  problems: Problem[]
}

/** Reads lines as statements and blocks. Goes on after a problem as far as blocks are clear. */
export function parseBlocks(lines: readonly Line[]): Conf {
  const statements: Statement[] = []
  const problems: Problem[] = []
  const open: Statement[] = []
  // The statement before, which a brace on a line of its own belongs to.
  let last: Statement | undefined
  const report = (place: Problem) => problems.push(place)
  const add = (words: readonly string[], { file, line, column }: Line, start: number) => {
    const one: Statement = { words, file, line, column: column + start, block: [] }
    if (last && isBlock(last, open))
      report({ ...last, text: `${last.words.join(' ')} has no {: put one at the end of this line` })
    if (open.length > 0 && ofTheTop.test(words[0]!)) {
      const { words: outer, line: begun } = open[0]!
      report({ ...one, text: `a } is missing before ${words[0]}: ${outer.join(' ')} of line ${begun} is not closed` })
      open.length = 0
    }
    ;(open.at(-1)?.block ?? statements).push(one)
    last = one
  }
  for (const row of lines) {
    let words: string[] = []
    let start = 0
    const end = () => {
      if (words.length > 0) add(words, row, start)
      words = []
    }
    for (const word of wordsOf(withoutComment(row.text))) {
      const place = { ...row, column: row.column + word.start }
      if (word.text === openQuote && !word.isQuoted) {
        report({ ...place, text: 'a " without an end: close it in the same line' })
        continue
      }
      if (word.isQuoted || !/^[{}]$/.test(word.text)) {
        if (words.length === 0) start = word.start
        words.push(word.text)
        continue
      }
      end()
      if (word.text === '{') {
        if (last) open.push(last)
        else report({ ...place, text: '{ without a keyword before it: take it out, or name its block' })
      } else if (!open.pop())
        report({
          ...place,
          isTaken: true,
          text: '} closes nothing: take it out, or look for a { that is missing above',
        })
      last = undefined
    }
    end()
  }
  for (const one of open)
    report({ ...one, isTaken: true, text: `${one.words.join(' ')} is not closed at the end of the file: put in a }` })
  return { statements, problems: problems.toSorted((a, b) => a.line - b.line) }
}

/** Blocks that stand in no other. */
const ofTheTop =
  /^(global_defs|vrrp_instance|vrrp_script|vrrp_sync_group|vrrp_track_process|vrrp_track_file|virtual_server|virtual_server_group|static_ipaddress|static_routes|static_rules|bfd_instance)$/

/** A statement that never goes without its braces. */
const isBlock = ({ words }: Statement, open: readonly Statement[]): boolean =>
  open.length === 0 ? ofTheTop.test(words[0]!) : inner.test(words[0]!)
const inner =
  /^(authentication|virtual_ipaddress|virtual_ipaddress_excluded|unicast_peer|track_script|track_interface|notification_email|real_server|TCP_CHECK|HTTP_GET|SSL_GET|MISC_CHECK|SMTP_CHECK|DNS_CHECK|UDP_CHECK|PING_CHECK|url)$/

/** @returns the lines of a text, as they are */
export const linesOf = (text: string, file: string): Line[] =>
  text
    // A byte order mark of an editor.
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((one, index) => ({ text: one, file, line: index + 1, column: 1 }))

/** @returns problems for people, a line each */
export const problemLines = (problems: readonly Problem[]): string[] =>
  problems.map((one) => `${placed(one)} ${one.text}`)
