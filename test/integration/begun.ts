/** How many are at work at the same time. */
const most = 6

let last: Promise<unknown>[] = Array.from({ length: most }, () => Promise.resolve())

/**
 * Begins work at once that mostly waits, a few pieces at a time, before the tests that ask for it have their turn.
 * @returns what gives its result
 */
export function begun<T>(work: () => Promise<T>): () => Promise<T> {
  const [before, ...others] = last
  const result = before!.then(work)
  last = [...others, result.catch(() => {})]
  return () => result
}
