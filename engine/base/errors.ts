/** Exit codes of every playbook; the README documents them. */
export const exitCode = {
  ok: 0,
  failed: 1,
  changesFound: 2,
  usage: 3,
  unreachable: 4,
  checkFailed: 5,
  interrupted: 130,
} as const

/** An error that a person can act on: shown as its message alone, without a stack trace. */
export class UserError extends Error {
  readonly exitCode: number

  /**
   * @param message what is wrong, where, and what to do next, in one or two lines
   * @param code the exit code that the process ends with
   */
  constructor(message: string, code: number = exitCode.usage) {
    super(message)
    this.exitCode = code
  }
}

/** Ends a program with the message of a person's error, or of a question that was not answered, and its exit code. @throws any other error */
export function tell(error: unknown): void {
  if (!(error instanceof UserError) && !isCancelled(error)) throw error
  const { message, code } = outcomeOf(error)
  console.error(message)
  process.exitCode = code
}

/** A host that can't be worked with: unreachable, refused, of unknown key, or its connection was lost. */
export class HostError extends UserError {
  constructor(message: string) {
    super(message, exitCode.unreachable)
  }
}

/** @returns what a person is told of an error that ends a playbook, and the exit code */
export function outcomeOf(error: unknown): { message: string; code: number } {
  if (error instanceof UserError) return { message: error.message, code: error.exitCode }
  if (isCancelled(error)) return { message: 'interrupted', code: exitCode.interrupted }
  // Only a defect of a playbook comes with a stack, for the report of it.
  const message = `a defect of this playbook, please report it: ${(error as Error).stack}`
  return { message, code: exitCode.failed }
}

/** @returns whether a question was answered by Ctrl-C */
export const isCancelled = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'AbortError' || error.message === 'canceled')
