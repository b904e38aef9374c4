import { isIPv4 } from 'node:net'
import type { Path } from '../source.ts'
import { dotted } from '../wording.ts'
import { loginVariable, type Vars } from './login.ts'

/** What stands before a key of `cluster` or of a host to make it a variable. */
export const prefix = 'keepalived_'

/** Says of an inventory of Ansible what messages say of one of this project, in words that its owner can find there. */
export interface Words {
  /** @returns the variable, and the host where it is one of a host, that a value comes from or belongs into */
  place(path: Path): string
  /** @returns a sentence with variables in place of paths */
  sentence(text: string): string
}

/** @param varsOf all variables of a host */
export function wordsOf(varsOf: (host: string) => Vars): Words {
  const place = ([top, name, key, ...inner]: Path): string => {
    if (top === 'cluster') return variable(name ?? 'vip', key === undefined ? [] : [key, ...inner])
    if (name === undefined) return top === 'hosts' ? `hosts that have ${prefix}vip` : `${top}`
    if (top === 'groups') return `group ${name}`
    if (key === undefined) return top === 'clients' ? `${prefix}client of ${name}` : `host ${name}`
    if (key === 'vars') return `${inner[0] ?? 'variables'} of ${name}`
    const vars = varsOf(name)
    if (key === 'ssh') return `${loginVariable(vars, inner[0] ?? 'host')} of ${name}`
    const isOwn = key !== 'address' || vars[`${prefix}address`] !== undefined || addressOf(vars) === undefined
    return `${isOwn ? variable(key, inner) : loginVariable(vars, 'host')} of ${name}`
  }
  return {
    place,
    sentence: (text) =>
      text
        .replace(/the environment variable ANSIBLE_SECRET_\d+/g, 'its value')
        // Not in what is quoted from the inventory.
        .replace(/"(?:[^"\\]|\\.)*"|\b(?:cluster|hosts|clients|groups)(?:\.[\w$-]+|\[\d+\]|\["[^"]+"\])+/g, (found) =>
          found.startsWith('"') ? found : place(pathOf(found)),
        )
        .replace(/\bssh\.port\b/g, 'ansible_port')
        // Keys of a host that rules name without the host.
        .replace(/\b(?<!_)(role|second|addresses)(?=: |\.)/g, `${prefix}$1`),
  }
}

/** @returns the address that a host has by a connection variable */
export function addressOf(vars: Vars): string | undefined {
  const address = vars.ansible_host ?? vars.ansible_ssh_host
  return typeof address === 'string' && isIPv4(address) ? address : undefined
}

/** A secret stands in its variable as a whole. */
const variable = (key: string, inner: Path) => (key === 'auth_pass' ? prefix + key : dotted([prefix + key, ...inner]))

/** @returns the keys of a path that was written with dots and brackets */
const pathOf = (text: string): string[] =>
  [...text.matchAll(/([\w$-]+)|\["([^"]+)"\]/g)].map(([, plain, quoted]) => (plain ?? quoted)!)
