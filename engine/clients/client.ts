import type { Cluster, Inventory } from '../../inventory/types.ts'
import { UserError } from '../base/errors.ts'
import { localTransport } from '../transport/local.ts'
import type { Transport } from '../transport/transport.ts'
import { askFromHere } from './ask-from-here.ts'
import { pythonScript, whyFailed } from './python.ts'
import type { Asking, Question, Replies, Server } from './question.ts'

/** A client of the service. */
export interface Client {
  name: string
  /** The way to it, for the prober. */
  transport: Transport
  service: Asking
  /**
   * Asks questions one after the other, each from a port of its own, once, and for two seconds.
   * @param timeout seconds for all of them
   * @throws UserError where it can't ask, HostError where it can't be reached
   */
  ask(server: Server, questions: readonly Question[], timeout: number): Promise<Replies>
}

/** The machine that runs the playbook, as a client. */
export const thisMachine = (service: Asking): Client => ({
  name: 'this machine',
  transport: localTransport(),
  service,
  ask: (server, questions) => askFromHere(service, server, questions),
})

/** A client of the inventory. */
export const remoteClient = (name: string, transport: Transport, service: Asking): Client => ({
  name,
  transport,
  service,
  ask: (server, questions, timeout) => askByPython({ name, transport, service }, server, questions, timeout),
})

/** Where a cluster offers its service. */
export const serverOf = ({ vip, service }: Cluster): Server => ({ address: vip, port: service.port })

/**
 * Makes sure that the service can be asked from every client: each is reached, and has what it takes.
 * @param probing whether a prober is to run on the first one
 * @param timeout seconds for one execution
 * @throws UserError where one can't ask, HostError where one can't be reached
 */
export async function ensureClients(
  { inventory, clients }: { inventory: Inventory; clients: readonly Client[] },
  { probing, timeout }: { probing: boolean; timeout: number },
): Promise<void> {
  const server = serverOf(inventory.cluster)
  // Zero questions still try the connection, Python and the program.
  const tries = clients.map((client, index) =>
    probing && index === 0 ? askByPython(client, server, [], timeout) : client.ask(server, [], timeout),
  )
  await Promise.all(tries)
}

async function askByPython(
  { name, transport, service }: Omit<Client, 'ask'>,
  { address, port }: Server,
  questions: readonly Question[],
  timeout: number,
): Promise<Replies> {
  const words = questions.flatMap((question) => [question.protocol, question.name])
  const script = await pythonScript(service, 'ask.py', [address, port, ...words])
  const outcome = await transport.run(script.text, { timeout })
  if (outcome.code !== 0) throw new UserError(whyFailed(name, outcome))
  const [first, ...rest] = outcome.stdout.toString('latin1').replace(/\n$/, '').split('\n')
  return {
    source: first!.slice('source '.length),
    texts: rest.map((line) => (line.startsWith('answer ') ? line.slice('answer '.length) : undefined)),
  }
}
