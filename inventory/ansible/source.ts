import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { extname } from 'node:path'
import { decoded } from '../../engine/base/decoded.ts'
import { UserError } from '../../engine/base/errors.ts'
import { runHere } from '../secret.ts'
import { type FromAnsible, fromListed, type Listed } from './listed.ts'

/**
 * @param file as the person names it
 * @returns the file and the group of an Ansible inventory (`hosts.ini:web`), by its name, by its being a folder or a program; undefined for
 *   another file
 */
export function ansibleSource(file: string): { file: string; group?: string } | undefined {
  const [, name = file, group] = /^(.*):([A-Za-z_][\w-]*)$/.exec(file) ?? []
  if (['.yaml', '.yml', '.json'].includes(extname(name))) return undefined
  const stats = statSync(name, { throwIfNoEntry: false })
  if (!stats) return undefined
  const isSource =
    stats.isDirectory() ||
    extname(name) === '.ini' ||
    isProgram(name) ||
    (extname(name) === '' && !isOurs(decoded(readFileSync(name))))
  return isSource ? { file: name, ...(group !== undefined && { group }) } : undefined
}

/** An inventory of this project, in YAML or JSON. */
const isOurs = (text: string) => /^(\s*\{|(cluster|hosts|ssh) *:)/m.test(text)

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Reads an inventory of Ansible by Ansible's own program (ansible-inventory(1)), which knows its formats, plugins and vaults.
 * @throws UserError where the program is missing or refuses it, or where no host has `keepalived_vip`
 */
export function readAnsible({ file, group }: { file: string; group?: string }, run = runHere): FromAnsible {
  let printed: string
  try {
    printed = run(['ansible-inventory', '--list', '--inventory', file], '.')
  } catch (error) {
    const cure = 'install ansible-core here, or write the inventory out: docs/ansible.md'
    throw new UserError(`${file}: ansible-inventory ${(error as Error).message}: ${cure}`)
  }
  return fromListed(JSON.parse(printed) as Listed, { file, ...(group !== undefined && { group }) }, run)
}
