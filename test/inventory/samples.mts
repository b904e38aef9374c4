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

/** A folder that goes when the process does. */
export const folder: string = mkdtempSync(join(tmpdir(), 'inventory-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
export const file: string = join(folder, 'i.yaml')

type Settings = Parameters<typeof loadInventory>[1]

export function load(text: string, settings?: Settings): Inventory {
  writeFileSync(file, text)
  return loadInventory(file, settings)
}

/** What is said of a file, or `valid`. */
export function messageOf(name: string, settings?: Settings): string {
  try {
    loadInventory(name, settings)
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
