import { existsSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { read } from 'read'
import type { Level } from '../../inventory/levels.ts'
import { loadInventory } from '../../inventory/load.ts'
import type { Host, Inventory, SshTarget } from '../../inventory/types.ts'
import { type Clock, realClock } from '../base/clock.ts'
import { UserError } from '../base/errors.ts'
import type { RunContext } from '../cli/main.ts'
import { inCi } from '../cli/options.ts'
import { sshTransport } from '../transport/ssh.ts'
import { didYouMean } from '../base/suggest.ts'
import type { Transport } from '../transport/transport.ts'
import { type Client, remoteClient, thisMachine } from '../clients/client.ts'

/** Seconds until a host that does not answer counts as unreachable. */
const connectTimeout = 15

/** The inventory that is taken where none is named. */
export const labInventory: string = fileURLToPath(new URL('../../inventory/lab.yaml', import.meta.url))

/** A cluster that a playbook works with. */
export interface Session {
  inventory: Inventory
  /** The hosts that `--limit` leaves. */
  limited: Host[]
  /** Connection to a host; always the same one. */
  reach(name: string): Transport
  /** What everything here waits by. */
  clock: Clock
  /** From where the cluster check asks: the clients of the inventory, or this machine. */
  clients: Client[]
}

/**
 * Reads the inventory, starts the lab if the inventory names it, and asks for passwords. Contacts no host.
 * @throws UserError for a wrong inventory or an unknown host in `--limit`
 */
export async function openSession(context: RunContext, level?: Level): Promise<Session> {
  const { options, console, redactor } = context
  if (!options.inventory && !existsSync(labInventory)) throw new UserError('an inventory is needed: --inventory FILE')
  const file = options.inventory ?? labInventory
  const inventory = loadInventory(file, { level })
  redactor.addValue(inventory.cluster.auth_pass)
  redactor.addValue(inventory.cluster.snmp?.community)
  for (const { ssh } of [...inventory.hosts, ...inventory.clients])
    for (const secret of [ssh.password, ssh.become_password]) redactor.addValue(secret)
  const limited = limit(inventory.hosts, options.limit)
  const passwords = {
    password: options.askPass ? await askSecret(context, 'SSH password: ') : undefined,
    becomePassword: options.askBecomePass ? await askSecret(context, 'sudo password: ') : undefined,
  }
  console.print(
    `${inventory.cluster.name}: ${limited.map(({ name }) => name).join(', ')} (${relative('', inventory.file)})`,
  )
  for (const note of inventory.notes) console.print(`note  ${note}`)
  if (resolve(inventory.file) === labInventory) {
    const { labUp } = await import('../../lab/lab.ts')
    await labUp({ yes: options.yes || inCi(), say: (line) => console.print(line) })
  }

  const notice = (line: string) => console.print(line)
  const transports = new Map<string, Transport>()
  context.atEnd(() => Promise.all([...transports.values()].map((transport) => transport.close())))
  const open = (name: string, target: SshTarget) => {
    const known = transports.get(name)
    if (known) return known
    const detail = options.verbose ? notice : undefined
    const { password = target.password, becomePassword = target.become_password } = passwords
    const transport = sshTransport(target, { name, connectTimeout, password, becomePassword, notice, detail })
    transports.set(name, transport)
    return transport
  }
  const clients = inventory.clients.map(({ name, ssh }) => remoteClient(name, open(name, ssh)))
  return {
    inventory,
    limited,
    reach: (name) => open(name, inventory.hosts.find((host) => host.name === name)!.ssh),
    clock: realClock,
    clients: clients.length > 0 ? clients : [thisMachine()],
  }
}

function limit(hosts: readonly Host[], names: readonly string[] | undefined): Host[] {
  const known = hosts.map(({ name }) => name)
  for (const name of names ?? []) {
    if (!known.includes(name))
      throw new UserError(`--limit: unknown host "${name}"${didYouMean(name, known)}; known: ${known.join(', ')}`)
  }
  return hosts.filter(({ name }) => !names || names.includes(name))
}

function askSecret({ redactor, asked }: RunContext, prompt: string): Promise<string> {
  const answer =
    asked.get(prompt) ??
    answerTo(prompt).then((secret) => {
      redactor.addValue(secret)
      return secret
    })
  asked.set(prompt, answer)
  return answer
}

/** What stands on stdin where nobody types it, a line an answer. */
let lines: Promise<string[]> | undefined

/** @throws UserError where stdin ends before the answer */
async function answerTo(prompt: string): Promise<string> {
  if (process.stdin.isTTY) return await read({ prompt, silent: true, output: process.stderr })
  lines ??= text(process.stdin).then((all) => all.split('\n'))
  const answer = (await lines).shift()?.replace(/\r$/, '')
  if (!answer)
    throw new UserError(
      `no answer to "${prompt.trim()}" on stdin: run this at a terminal, write a line for each password, or give them in the inventory`,
    )
  return answer
}
