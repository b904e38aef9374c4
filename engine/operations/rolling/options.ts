import type { Finding } from '../../cluster/finding.ts'
import { UserError } from '../../base/errors.ts'
import { upgradeCommand } from '../../../tasks/os/os.ts'
import { type Option, type OwnOptions, wholeNumber } from '../../cli/options.ts'
import type { Patience } from './node-steps.ts'

/** The options of a rolling reboot beside the common ones. */
export const rollingOptions = [
  { name: 'only-if-required', help: 'leave out nodes that do not ask for a reboot' },
  { name: 'before', value: 'COMMAND', help: 'run this on each node while it is drained, before its reboot: an update' },
  { name: 'update', help: "run the distribution's own upgrade of all packages there" },
  { name: 'without-reboot', help: 'drain each node, run the command of --before or --update, undrain it' },
  { name: 'min-serving', value: 'N', help: 'nodes that have to serve meanwhile (default: all but one)' },
  { name: 'drain-timeout', value: 'SECONDS', help: 'for what a drained node has begun (default 60)' },
  { name: 'boot-timeout', value: 'SECONDS', help: 'until a node has to be back (default 600)' },
  { name: 'resume', help: 'go on with a rolling reboot that was broken off' },
] as const satisfies readonly Option[]

/** What the operator wants of a rolling reboot. */
export interface RollingRequest {
  onlyIfRequired: boolean
  before?: string
  reboot: boolean
  minServing: number
  patience: Patience
  resume: boolean
  /** Who began the run that is resumed, from where, when. */
  begunBy?: string
  /** See `ControlRequest`. */
  known?: readonly Finding[]
}

/**
 * Reads the options.
 * @param nodes how many the cluster has
 * @throws UserError for a value that makes no sense
 */
export function readRollingOptions(own: OwnOptions<(typeof rollingOptions)[number]>, nodes: number): RollingRequest {
  const number = (name: 'min-serving' | 'drain-timeout' | 'boot-timeout', otherwise: number) =>
    wholeNumber(name, own[name] ?? String(otherwise))
  const settled = (['only-if-required', 'before', 'update', 'without-reboot'] as const).find((name) => own[name])
  if (own.resume && settled) throw new UserError(`--resume goes on as the run was begun: leave --${settled} out`)
  if (own.update && own.before !== undefined)
    throw new UserError('--update and --before both say what a drained node runs: leave one of them out')
  const minServing = number('min-serving', nodes - 1)
  if (minServing >= nodes)
    throw new UserError(`--min-serving ${minServing}: of ${nodes} nodes no more than ${nodes - 1} can serve meanwhile`)
  return {
    onlyIfRequired: own['only-if-required'],
    before: own.update ? upgradeCommand : own.before,
    reboot: !own['without-reboot'],
    minServing,
    patience: { drain: number('drain-timeout', 60), boot: number('boot-timeout', 600) },
    resume: own.resume,
  }
}
