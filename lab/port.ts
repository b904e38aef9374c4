import { randomInt } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/**
 * A port of loopback that is free for TCP and UDP, outside the kernel's ephemeral range: it stays free until a listener
 * opens it, even if other programs ask the kernel for any port.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768)
    if (await isFree(port)) return port
  }
}

/** @returns a free port for each name, no two the same */
export async function freePorts(names: readonly string[]): Promise<Record<string, number>> {
  const ports = new Set<number>()
  while (ports.size < names.length) ports.add(await freePort())
  return Object.fromEntries([...ports].map((port, index) => [names[index]!, port]))
}

const isFree = async (port: number) =>
  (await opens(createServer().listen(port, '127.0.0.1'))) && (await opens(createSocket('udp4').bind(port, '127.0.0.1')))

async function opens(socket: Server | Socket): Promise<boolean> {
  const opened = await once(socket, 'listening').then(
    () => true,
    () => false,
  )
  await new Promise<void>((resolve) => socket.close(() => resolve()))
  return opened
}
