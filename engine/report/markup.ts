import { printable } from '../base/printable.ts'

/** A piece of HTML or SVG: made by `markup`, which escapes every value put into it, or from text known to be safe. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Value = Markup | string | number | readonly Value[]

const insert = (value: Value): string => {
  if (value instanceof Markup) return value.text
  if (typeof value === 'string' || typeof value === 'number') return escaped(String(value))
  return value.map(insert).join('\n')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as it may stand between tags and in quoted attributes. */
export const escaped = (text: string) => printable(text).replace(/[&<>"']/g, (character) => entities[character]!)

/**
 * Builds HTML or SVG from a template: strings and numbers are escaped, other markup is taken as it is, arrays are put one below
 * the other. So a name like `<script>` is always text. Attributes must be quoted.
 */
export const markup = (literals: TemplateStringsArray, ...values: Value[]): Markup =>
  new Markup(String.raw({ raw: literals }, ...values.map(insert)))
