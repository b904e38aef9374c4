import { createInterface } from 'node:readline/promises'
import { UserError } from '../base/errors.ts'

/**
 * Asks on the terminal.
 * @param question without a mark at its end; the answer is no unless it is yes
 * @param instead what to do where stdin is not a terminal
 * @throws UserError where there is no terminal
 */
export async function confirmed(question: string, instead: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UserError(`stdin is not a terminal: ${instead}`)
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`${question}? [y/N] `)
  terminal.close()
  return /^y(es)?$/i.test(answer.trim())
}
