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

// Control characters are not allowed in HTML, and those that turn the direction of writing would let a name rewrite
// the text around it.
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/** Text as it may stand between tags and in quoted attributes. */
export const escaped = (text: string) =>
  text.replace(unseen, '\ufffd').replace(/[&<>"']/g, (character) => entities[character]!)

/**
 * Builds HTML or SVG from a template: strings and numbers are escaped, other markup is taken as it is, arrays are put one below
 * the other. So a name like `<script>` is always text. Attributes must be quoted.
 */
export const markup = (literals: TemplateStringsArray, ...values: Value[]): Markup =>
  new Markup(String.raw({ raw: literals }, ...values.map(insert)))
