import { UserError } from '../base/errors.ts'
import { localTransport } from '../transport/local.ts'
import type { Transport } from '../transport/transport.ts'
import { askFromHere } from './ask-from-here.ts'
import { pythonScript, whyFailed } from './python.ts'
import type { Asked, Question, Replies } from './question.ts'

/** A client of the service. */
export interface Client {
  name: string
  /** The way to it, for the prober. */
  transport: Transport
  /**
   * Asks questions one after the other, each from a port of its own, once, and for two seconds.
   * @param timeout seconds for all of them
   * @throws UserError where it can't ask, HostError where it can't be reached
   */
  ask(asked: Asked, questions: readonly Question[], timeout: number): Promise<Replies>
}

/** @returns the machine that runs the playbook, as a client */
export const thisMachine = (): Client => ({
  name: 'this machine',
  transport: localTransport(),
  ask: ({ asking, server }, questions) => askFromHere(asking, server, questions),
})

/** A client of the inventory. */
export const remoteClient = (name: string, transport: Transport): Client => ({
  name,
  transport,
  ask: (asked, questions, timeout) => askByPython({ name, transport }, asked, questions, timeout),
})

/**
 * Makes sure that the services can be asked from every client: each is reached, and has what it takes.
 * @param probing whether a prober is to run on the first one
 * @param timeout seconds for one execution
 * @throws UserError where one can't ask, HostError where one can't be reached
 */
export async function ensureClients(
  { services, clients }: { services: readonly Asked[]; clients: readonly Client[] },
  { probing, timeout }: { probing: boolean; timeout: number },
): Promise<void> {
  // Zero questions still try the connection, Python and the program.
  const tries = services.flatMap((asked) =>
    clients.map((client, index) =>
      probing && index === 0 ? askByPython(client, asked, [], timeout) : client.ask(asked, [], timeout),
    ),
  )
  await Promise.all(tries)
}

async function askByPython(
  { name, transport }: Omit<Client, 'ask'>,
  { asking, server: { address, port } }: Asked,
  questions: readonly Question[],
  timeout: number,
): Promise<Replies> {
  const words = questions.flatMap((question) => [question.protocol, question.name])
  const script = await pythonScript(asking, 'ask.py', [address, port, ...words])
  const outcome = await transport.run(script.text, { timeout })
  if (outcome.code !== 0) throw new UserError(whyFailed(name, outcome))
  const [first, ...rest] = outcome.stdout.toString('latin1').replace(/\n$/, '').split('\n')
  return {
    source: first!.slice('source '.length),
    texts: rest.map((line) => (line.startsWith('answer ') ? line.slice('answer '.length) : undefined)),
  }
}
