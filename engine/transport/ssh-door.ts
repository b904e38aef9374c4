import { setTimeout as wait } from 'node:timers/promises'

/** Logins under way through one jump host or to one server; sshd drops some of those beyond its MaxStartups, 10 by default. */
const most = 5

const doors = new Map<string, { inside: number; waiting: (() => void)[] }>()

/**
 * Lets only a few logins go through the same jump host, or to the same server, at a time.
 * @param way what they have in common
 */
export async function throughDoor<T>(way: string, login: () => Promise<T>): Promise<T> {
  const door = doors.get(way) ?? { inside: 0, waiting: [] }
  doors.set(way, door)
  if (door.inside < most) door.inside++
  // Whoever leaves hands the place over.
  else await new Promise<void>((resolve) => door.waiting.push(resolve))
  try {
    return await login()
  } finally {
    const next = door.waiting.shift()
    if (next) next()
    else door.inside--
  }
}

/** Milliseconds between two attempts at a login that was dropped: doubled each time, and never the same for two hosts. */
export async function backOff(attempt: number, deadline: AbortSignal): Promise<void> {
  const longest = 250 * 2 ** attempt
  await wait(longest * (0.5 + Math.random() / 2), undefined, { signal: deadline }).catch(() => {})
}
