import { wholeNumber } from '../cli/options.ts'

export const confirmOption = {
  name: 'confirm-timeout',
  value: 'SECONDS',
  help: 'how long a changed host waits for a new connection before it goes back by itself; 60 unless told, 0 for never',
} as const

/** @returns the seconds of `--confirm-timeout`; 0 where a host is not to go back by itself. @throws UserError */
export const confirmWithin = (text = '60'): number => wholeNumber('confirm-timeout', text, { least: 10, or: 0 })
