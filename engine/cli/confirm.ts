import { createInterface } from 'node:readline/promises'
import { UserError } from '../base/errors.ts'

/**
 * Asks on the terminal.
 * @param question without a mark at its end; the answer is no unless it is yes
 * @param instead what to do where stdin is not a terminal
 * @throws UserError where there is no terminal
 */
export async function confirmed(question: string, instead: string): Promise<boolean> {
  return /^y(es)?$/i.test(await answerTo(`${question}? [y/N] `, instead))
}

/**
 * @param instead as for `confirmed`
 * @returns what asks about one change after the other, until the answer is that all others are to be made
 */
export function askEach(instead: string): (host: string, task: string) => Promise<boolean> {
  let all = false
  return async (host, task) => {
    if (all) return true
    const answer = await answerTo(`${host}  ${task}? [y]es, [N]o, [a]ll that follow: `, instead)
    all = /^a(ll)?$/i.test(answer)
    return all || /^y(es)?$/i.test(answer)
  }
}

/**
 * @param instead as for `confirmed`
 * @returns what was typed
 * @throws AbortError where that was Ctrl-C or Ctrl-D
 */
export async function answerTo(question: string, instead: string): Promise<string> {
  if (!process.stdin.isTTY) throw new UserError(`stdin is not a terminal: ${instead}`)
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // Before Node 24 a question that the terminal ends is left open.
  const ended = new AbortController()
  terminal.once('close', () => ended.abort())
  try {
    return (await terminal.question(question, { signal: ended.signal })).trim()
  } catch (error) {
    process.stderr.write('\n')
    throw error
  } finally {
    terminal.close()
  }
}
