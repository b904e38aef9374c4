import { coloured, colours, type Colours, plain } from '../base/colours.ts'
import type { Redactor } from './redact.ts'

/** What is printed to: a terminal, a pipe, or what collects it. */
type Stream = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> & { write(text: string): unknown }

/**
 * The output for people. Every line passes the redactor here, and no text of a host controls the terminal. On a terminal, a status line at the bottom, rewritten in
 * place, shows the current work; through a pipe everything is plain text.
 */
export class Console {
  readonly colour: Colours
  readonly #stream: Stream
  readonly #redactor: Redactor
  #status = ''

  constructor(stream: Stream, redactor: Redactor) {
    this.#stream = stream
    this.#redactor = redactor
    this.colour = stream.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb' ? colours : plain
  }

  /** True on a terminal, where a line can be rewritten. */
  get interactive(): boolean {
    return this.#stream.isTTY === true && process.env.TERM !== 'dumb'
  }

  /** Writes one or more whole lines. */
  print(text = ''): void {
    this.#clear()
    this.#stream.write(`${coloured(this.#redactor.redact(text))}\n`)
    this.#show()
  }

  /** Begins anew at the top of the terminal. */
  clear(): void {
    if (this.interactive) this.#stream.write('\x1b[H\x1b[J')
  }

  /** Shows what is under way, on a terminal; an empty text takes the line away. */
  status(text: string): void {
    if (!this.interactive) return
    this.#clear()
    this.#status = this.#redactor
      .redact(text)
      .replaceAll('\n', ' ')
      .slice(0, (this.#stream.columns ?? 80) - 1)
    this.#show()
  }

  #clear(): void {
    if (this.#status) this.#stream.write('\r\x1b[K')
  }

  #show(): void {
    if (this.#status) this.#stream.write(coloured(this.colour.dim(this.#status)))
  }
}
