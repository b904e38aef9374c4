import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * A free TCP port of loopback, outside the kernel's ephemeral range: it stays free until a listener opens it, even if
 * other programs ask the kernel for any port.
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
