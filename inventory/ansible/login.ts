import { shown } from '../wording.ts'
import type { Secrets } from './secrets.ts'

/** Variables of a host, of its groups too, as Ansible has put them together. */
export type Vars = Record<string, unknown>

/** What is told and looked up while a host is read. */
export interface Around {
  secrets: Secrets
  notes: Set<string>
}

/** Connection variables by what is said of `ssh` here. */
const logins = {
  ansible_host: 'host',
  ansible_ssh_host: 'host',
  ansible_port: 'port',
  ansible_ssh_port: 'port',
  ansible_user: 'user',
  ansible_ssh_user: 'user',
  ansible_private_key_file: 'identity_file',
  ansible_ssh_private_key_file: 'identity_file',
  ansible_password: 'password',
  ansible_ssh_pass: 'password',
  ansible_ssh_password: 'password',
  ansible_become_password: 'become_password',
  ansible_become_pass: 'become_password',
} as const

/** @returns the variable that says this of `ssh`; the usual one where none does */
export function loginVariable(vars: Vars, key: string): string {
  const names = Object.entries(logins).flatMap(([name, meaning]) => (meaning === key ? [name] : []))
  return names.find((name) => vars[name] !== undefined) ?? names[0] ?? `ssh.${key}`
}

/** @returns whether a variable says how to come to a host */
export const isOfLogin = (name: string): boolean => Object.hasOwn(logins, name)

/** What has no meaning here, or is always so. */
const silent =
  /^ansible_(python_interpreter|become|become_user|connection|become_method|facts|ssh_pipelining|pipelining)$/

/** @returns what connection variables say of `ssh` */
export function loginOf(host: string, vars: Vars, { secrets, notes }: Around): Vars {
  const login: Vars = {}
  for (const [name, value] of Object.entries(vars)) {
    const key = logins[name as keyof typeof logins]
    if (key === 'password' || key === 'become_password') login[key] = secrets.given(value, `${name} of ${host}`)
    else if (key) login[key] ??= key === 'port' ? portOf(value) : whole(value)
    else if (isUnusual(name, value))
      notes.add(
        `${name} of ${host} is ${shown(value)}, which has no meaning here: SSH is as ~/.ssh/config says, and sudo makes root`,
      )
    else if (name.startsWith('ansible_') && !silent.test(name))
      notes.add(`${name} has no meaning here: what it says of SSH goes into ~/.ssh/config`)
  }
  return login
}

/** An INI file has text where it means a number, */
const portOf = (value: unknown) => (Number.isNaN(Number(value)) ? value : Number(value))
/** and a number where it means text. */
export const whole = (value: unknown): unknown => (Number.isSafeInteger(value) ? String(value) : value)

const isUnusual = (name: string, value: unknown) =>
  (name === 'ansible_connection' && !/^(ssh|smart|paramiko|paramiko_ssh)$/.test(String(value))) ||
  (name === 'ansible_become_method' && value !== 'sudo') ||
  (name === 'ansible_become_user' && value !== 'root')
