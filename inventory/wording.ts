import { printableJson } from '../engine/base/printable.ts'
import { didYouMean } from '../engine/base/suggest.ts'
import type { Path } from './source.ts'

/** What the schema says of a value, as far as words are made of it. */
export interface Node {
  type?: string | readonly string[]
  title?: string
  format?: string
  enum?: readonly (string | number)[]
  const?: string
  minimum?: number
  maximum?: number
  writeOnly?: boolean
  properties?: Record<string, Node>
}

/** @returns what such a value has to be, in words: `a whole number from 1 to 255` */
export function wording({ title, enum: choices, type, minimum, maximum }: Node): string {
  if (title) return title
  if (choices) return choices.length === 1 ? `${choices[0]}` : `one of ${choices.join(', ')}`
  if (type === 'boolean') return 'true or false'
  if (type === 'object') return 'a map'
  return `a ${type === 'integer' ? 'whole number' : 'number'} from ${minimum} to ${maximum}`
}

/** @returns the sentence for a value that is not what the schema wants; a secret value is not shown */
export function wrongValue(node: Node, value: unknown): string {
  const wantsText = [node.type].flat().includes('string')
  const quotes =
    wantsText && !node.format && (typeof value === 'number' || typeof value === 'boolean') ? '; put it in quotes' : ''
  const meant = wantsText && node.enum ? didYouMean(String(value), node.enum.map(String)) : ''
  // Text where a map belongs may be several lines run together, with a secret among them.
  const got = node.writeOnly || node.type === 'object' ? hidden(value) : shown(value)
  return `must be ${wording(node)}, got ${got}${meant}${quotes}`
}

/** @returns the sentence for a key that the schema does not know */
export function unknownKey(node: Node, key: string): string {
  // Where a secret belongs the key may be the secret.
  if (node.writeOnly) return `must be ${wording(node)}, got a map with another key`
  return `unknown key "${keyName(key)}"${didYouMean(key, Object.keys(node.properties!))}`
}

/** @returns a key as far as it is a name: where a blank after a colon was forgotten, `auth_pass:secret` is a key */
export function keyName(key: string): string {
  const name = /^[\w.<$-]*/.exec(key)![0]
  return name === key ? key : `${name}…`
}

const isMap = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)

/** @returns the value as text for a message: in one short line that does nothing to a terminal */
export function shown(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (isMap(value)) return `a map of ${Object.keys(value as object).length}`
  if (typeof value !== 'string') return String(value)
  // An indented line goes on the line before it.
  if (value.includes('auth_pass')) return hidden(value)
  return printableJson(JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value))
}

function hidden(value: unknown): string {
  if (typeof value === 'string') return `text of ${[...value].length} characters`
  if (typeof value === 'number' || typeof value === 'boolean') return `a ${typeof value}`
  return shown(value)
}

/** @returns the path as people write it: `hosts.ns1.address`, `groups.web.hosts[0]` */
export const dotted = (path: Path): string => path.map(step).join('').replace(/^\./, '')

function step(key: string): string {
  if (/^\d+$/.test(key)) return `[${key}]`
  return /^[\w$-]+$/.test(key) ? `.${key}` : `["${keyName(key)}"]`
}
