import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../../engine/base/errors.ts'
import type { runHere } from '../secret.ts'

/** Values of an inventory that are secrets: kept apart from its text. */
export class Secrets {
  readonly values: Record<string, string> = {}
  readonly #names = new Map<string, string>()
  readonly #run: typeof runHere

  readonly #file: string

  constructor(file: string, run: typeof runHere) {
    this.#file = file
    this.#run = run
  }

  /** @returns what the text says in place of a secret; the same one is looked up once. @param where it stands @throws UserError where its vault stays closed */
  given(value: unknown, where: string): { env: string } {
    const key = JSON.stringify(value)
    const name = this.#names.get(key) ?? `ANSIBLE_SECRET_${this.#names.size + 1}`
    if (!this.#names.has(key))
      this.values[name] =
        typeof value === 'string' || typeof value === 'number' ? String(value) : this.#open(value, where)
    this.#names.set(key, name)
    return { env: name }
  }

  /** A value of a vault is printed as it is in the file. */
  #open(value: unknown, where: string): string {
    const { __ansible_vault: text } = (value ?? {}) as { __ansible_vault?: string }
    if (text === undefined) return ''
    const folder = mkdtempSync(join(tmpdir(), 'vault-'))
    try {
      const file = join(folder, 'value')
      writeFileSync(file, text, { mode: 0o600 })
      return this.#run(['ansible-vault', 'view', file], '.').replace(/\r?\n$/, '')
    } catch (error) {
      throw new UserError(
        `${this.#file}: ${where}: a value of a vault can not be read: ansible-vault ${(error as Error).message}; ` +
          'give Ansible its password, as by vault_password_file in ansible.cfg',
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
}
