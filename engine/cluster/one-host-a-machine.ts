import type { Inventory } from '../../inventory/types.ts'
import type { RunContext } from '../cli/main.ts'
import { exitCode, UserError } from '../base/errors.ts'
import type { Facts } from '../runner/facts.ts'

/**
 * Refuses the second of two hosts of a run that are the same machine, before it changes anything. Containers may share the
 * boot of their kernel, and clones their machine id: a machine has both.
 * @param machines those of other clusters of the command too
 * @returns a function that takes each host when its facts are known. @throws UserError for the second
 */
export function oneHostAMachine(
  { file, place }: Pick<Inventory, 'file' | 'place'>,
  machines: RunContext['machines'] = new Map(),
): (host: string, facts: Pick<Facts, 'bootId' | 'machineId'>) => void {
  return (host, { bootId, machineId }) => {
    const machine = `${bootId} ${machineId}`
    const first = machines.get(machine)
    if (first && (first.host !== host || first.file !== file))
      throw new UserError(
        `${place(['hosts', host, 'ssh', 'host'])}: leads to the same machine as ${first.host}${first.file === file ? '' : ` of ${first.file}`} (boot id ${bootId})`,
        exitCode.failed,
      )
    machines.set(machine, { file, host })
  }
}
