import { UserError } from '../base/errors.ts'

export const confirmOption = {
  name: 'confirm-timeout',
  value: 'SECONDS',
  help: 'how long a changed host waits for a new connection before it goes back by itself; 60 unless told, 0 for never',
} as const

/** @returns the seconds of `--confirm-timeout`. @throws UserError */
export function confirmWithin(text = '60'): number {
  const seconds = Number(text)
  if (Number.isInteger(seconds) && (seconds === 0 || seconds >= 10)) return seconds
  throw new UserError(`--confirm-timeout must be whole seconds from 10, or 0, got "${text}"`)
}
