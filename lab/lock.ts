import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const socketOf = (folder: string) =>
  `\0keepalived-playbooks-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`

/** @returns whether a process works on a folder now */
export async function isLocked(folder: string): Promise<boolean> {
  const server = createServer().listen(socketOf(folder))
  try {
    await once(server, 'listening')
    server.close()
    return false
  } catch {
    return true
  }
}

/**
 * Lets one process at a time work on a folder. The lock is the name of an abstract socket, see unix(7): the kernel
 * takes it back with its process, however that ends, so a lock is never stale.
 * @param onWait called once where another process has to end first
 */
export async function locked<T>(folder: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  const name = socketOf(folder)
  for (let tries = 0; ; tries++) {
    const server = createServer().listen(name)
    try {
      await once(server, 'listening')
    } catch {
      if (tries === 0) onWait()
      await sleep(200)
      continue
    }
    try {
      return await work()
    } finally {
      server.close()
    }
  }
}
