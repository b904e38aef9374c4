import { quote } from 'zx/core'

/** A piece of bash that is safe to run: made by `sh` alone, which quotes every value put into it. */
export class Script {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Value = Script | string | number | readonly (string | number)[]

const insert = (value: Value): string => {
  if (value instanceof Script) return value.text
  if (typeof value === 'string' || typeof value === 'number') return quote(String(value))
  return value.map((part) => quote(String(part))).join(' ')
}

/**
 * Builds bash from a template: strings and numbers are quoted, arrays become quoted words, other scripts are
 * taken as they are. So a name like `x; rm -rf /` is always data. `\${` is bash's own.
 */
export const sh = (literals: TemplateStringsArray, ...values: Value[]): Script =>
  new Script(String.raw({ raw: literals.raw.map((part) => part.replaceAll('\\${', '${')) }, ...values.map(insert)))

/** Puts scripts one below the other. */
export const lines = (...scripts: readonly Script[]): Script => new Script(scripts.map((s) => s.text).join('\n'))
