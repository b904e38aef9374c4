import { UserError } from '../../engine/base/errors.ts'
import { didYouMean } from '../../engine/base/suggest.ts'
import { fleetDown, fleetRun, fleetSshConfig, fleetUp } from './fleet.ts'
import { countOf, fleetHosts } from './plan.ts'
import { isRunning, processesIn, readState } from './state.ts'

type Say = (line: string) => void

const usage = 'npm run lab -- fleet up N, down, status, or run COMMAND …'

/** Does what `npm run lab -- fleet …` says. @throws UserError for other words */
export async function fleet([word, ...args]: string[], yes: boolean, say: Say): Promise<void> {
  const commands: Record<string, () => unknown> = {
    up: () => fleetUp(countOf(args[0]), yes, say),
    down: () => fleetDown(say),
    status: () => showStatus(say),
    run: () => run(args),
  }
  const command = commands[word ?? '']
  if (!command)
    throw new UserError(`unknown command "fleet ${word}"${didYouMean(word!, Object.keys(commands))}: ${usage}`)
  await command()
}

function run(command: string[]): void {
  if (command.length === 0) throw new UserError('usage: npm run lab -- fleet run COMMAND …')
  process.exitCode = fleetRun(command)
}

function showStatus(say: Say): void {
  const state = readState()
  if (!state) return say('there is no fleet: npm run lab -- fleet up 20')
  if (!isRunning(state)) return say('a fleet has ended and left something: npm run lab -- fleet down')
  const hosts = fleetHosts(state.count)
  const started = hosts.filter(({ name }) => processesIn(`${state.cgroup}/${name}/init.scope`).length > 0)
  const [first, last] = [hosts[0]!, hosts.at(-1)!]
  say(
    `${started.length} of ${state.count} hosts run: ${first.name} (${first.address}) to ${last.name} (${last.address})`,
  )
  say(`npm run lab -- fleet run ssh -F ${fleetSshConfig} ${first.name}`)
}
