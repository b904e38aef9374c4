// Inventories to make others from, and how to load them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { loadInventory } from '../../inventory/load.ts'
import type { Inventory } from '../../inventory/types.ts'
import { UserError } from '../../engine/base/errors.ts'

/** The smallest inventory. */
export const smallest = `cluster:
  vip: 10.2.1.5
  network: 10.2.1.0/24
hosts:
  ns1: { address: 10.2.1.2 }
  ns2: { address: 10.2.1.3 }
`
/** The smallest with more lines in `cluster`, the first of them line 4. */
export const cluster = (...more: string[]): string =>
  smallest.replace('hosts:', `${more.map((line) => `  ${line}\n`).join('')}hosts:`)

/** The smallest with another virtual IP, network, first host (in line 5), or with more of that host. */
export const vip = (value: string): string => smallest.replace('10.2.1.5', value)
export const network = (value: string): string => smallest.replace('10.2.1.0/24', value)
export const host = (pair: string): string => smallest.replace('ns1: { address: 10.2.1.2 }', pair)
export const ns1 = (more: string): string => host(`ns1: { address: 10.2.1.2, ${more} }`)
/** What is said of a name of a host that is none. */
export const hostWords = 'a host name of at most 200 letters, digits, "-" and "." that begins with a letter'
/** What is said of a network that is none. */
export const networkWords = 'an IPv4 network with a prefix length from 8 to 29, such as 10.2.1.0/24'

/** A folder that goes when the process does. */
export const folder: string = mkdtempSync(join(tmpdir(), 'inventory-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
export const file: string = join(folder, 'i.yaml')

/** Inventories of chance name programs as well. */
const neverRun = () => 'KPSjXfRG'
type Settings = Parameters<typeof loadInventory>[1]

export function load(text: string, settings?: Settings): Inventory {
  writeFileSync(file, text)
  return loadInventory(file, { run: neverRun, ...settings })
}

/** What is said of a file, or `valid`. */
export function messageOf(name: string, settings?: Settings): string {
  try {
    loadInventory(name, { run: neverRun, ...settings })
  } catch (error) {
    assert.instance(error, UserError)
    assert.is((error as UserError).exitCode, 3)
    return (error as UserError).message
  }
  return 'valid'
}

/** What is said of a text, or `valid`. */
export function complaint(text: string, settings?: Settings): string {
  writeFileSync(file, text)
  return messageOf(file, settings)
}

/** `line:column message` as it is said of `file`. */
export const lines = (...messages: string[]): string => messages.map((message) => `${file}:${message}`).join('\n')
