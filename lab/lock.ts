import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** @returns the lock of a folder, to be closed; undefined while another process has it */
async function take(folder: string): Promise<Server | undefined> {
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 32)
  const server = createServer().listen(`\0keepalived-playbooks-${name}`)
  try {
    await once(server, 'listening')
    return server
  } catch {
    return undefined
  }
}

/** @returns whether a process works on a folder now */
export async function isLocked(folder: string): Promise<boolean> {
  const lock = await take(folder)
  lock?.close()
  return !lock
}

/**
 * Lets one process at a time work on a folder. The lock is the name of an abstract socket, see unix(7): the kernel
 * takes it back with its process, however that ends, so a lock is never stale.
 * @param onWait called once where another process has to end first
 */
export async function locked<T>(folder: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    const lock = await take(folder)
    if (lock) {
      try {
        return await work()
      } finally {
        lock.close()
      }
    }
    if (tries === 0) onWait()
    await sleep(200)
  }
}
