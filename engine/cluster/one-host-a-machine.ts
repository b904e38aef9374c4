import type { Inventory } from '../../inventory/types.ts'
import { exitCode, UserError } from '../base/errors.ts'
import type { Facts } from '../runner/facts.ts'

/**
 * Refuses the second of two hosts of a run that are the same machine, before it changes anything. Containers may share the
 * boot of their kernel, and clones their machine id: a machine has both.
 * @returns a function that takes each host when its facts are known. @throws UserError for the second
 */
export function oneHostAMachine(
  place: Inventory['place'],
): (host: string, facts: Pick<Facts, 'bootId' | 'machineId'>) => void {
  const hosts = new Map<string, string>()
  return (host, { bootId, machineId }) => {
    const machine = `${bootId} ${machineId}`
    const first = hosts.get(machine)
    if (first !== undefined)
      throw new UserError(
        `${place(['hosts', host, 'ssh', 'host'])}: leads to the same machine as ${first} (boot id ${bootId})`,
        exitCode.failed,
      )
    hosts.set(machine, host)
  }
}
