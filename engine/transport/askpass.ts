import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** Answers a password prompt of the program ssh. */
export interface Askpass {
  /** What ssh is started with. */
  env: Record<string, string>
  /** Resolves when the password is asked for again: it was wrong, and accounts get locked for trying it in other ways. */
  again: Promise<void>
  /** @returns whether it was asked for */
  given(): boolean
  close(): void
}

/** Sends the prompt to the socket, and prints what comes back. */
const fetch = `#!/bin/sh
exec "$ASKPASS_NODE" -e 'require("net").connect(process.env.ASKPASS_SOCKET).end(process.argv[1]).pipe(process.stdout)' -- "$1"
`

/**
 * Gives ssh a program to ask, which fetches the password from here: it is in no file, process list or environment.
 * @param folder that nobody else may enter
 */
export async function askpass(folder: string, password: string): Promise<Askpass> {
  const again = Promise.withResolvers<void>()
  let asked = 0
  const answer = async (socket: Socket) => {
    const prompt = await text(socket)
    // Passphrases of keys, and what a security key wants, are no business of a password, for which the host may ask in any language.
    if (/passphrase|\bPIN\b|user presence|\(yes\/no/i.test(prompt)) return socket.end()
    if (++asked > 1) again.resolve()
    return socket.end(asked === 1 ? `${password}\n` : '')
  }
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    answer(socket).catch(() => socket.destroy())
  })
  const path = join(folder, 'ask')
  server.listen(path)
  await once(server, 'listening')
  const program = join(folder, 'askpass')
  await writeFile(program, fetch, { mode: 0o700 })
  const env = {
    ASKPASS_NODE: process.execPath,
    ASKPASS_SOCKET: path,
    SSH_ASKPASS: program,
    // OpenSSH before 8.4 asks the program where it has no terminal and finds a display.
    SSH_ASKPASS_REQUIRE: 'force',
    DISPLAY: process.env.DISPLAY || ':0',
  }
  return { env, again: again.promise, given: () => asked > 0, close: () => void server.close() }
}
