import { readFileSync } from 'node:fs'
import ejs from 'ejs'
import type { Task } from '../engine/runner/task.ts'
import { type FileOptions, file } from './file.ts'

/**
 * Renders `templates/NAME.ejs`.
 * @param data what the template sees; a key that it asks for and that is not there is an error, not an empty word
 * @throws Error naming the template and the unknown key
 */
export function render(name: string, data: object): string {
  const path = new URL(`../templates/${name}.ejs`, import.meta.url)
  return ejs.render(readFileSync(path, 'utf8'), strict(data, name), {
    // By its name, a template is compiled once.
    filename: name,
    cache: true,
    // Configuration is no HTML: a quote stays a quote.
    escape: String,
  })
}

/** A file rendered from `templates/NAME.ejs`. */
export const template = (path: string, name: string, data: object, options?: FileOptions): Task =>
  file(path, render(name, data), options)

// ejs looks names up with `in` and shows an undefined property as nothing, which would hide a typing error.
function strict<T extends object>(data: T, where: string): T {
  return new Proxy(data, {
    get(target, key, receiver) {
      const value = Reflect.get(target, key, receiver)
      if (typeof key === 'symbol' || Array.isArray(target)) return wrap(value, `${where} ${String(key)}`)
      if (!(key in target)) throw new Error(`template ${where}: there is no "${key}"`)
      return wrap(value, `${where} ${key}`)
    },
  })
}

const wrap = (value: unknown, where: string) =>
  typeof value === 'object' && value !== null ? strict(value, where) : value
