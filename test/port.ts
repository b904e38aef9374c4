import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * A TCP port of loopback that nobody uses. It is none that the kernel gives to whoever asks for any: it stays free while
 * nobody listens there, whatever else this machine does.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768)
    if (await isFree(port)) return port
  }
}

const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer().once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
