#!/usr/bin/env node
// The lab: real machines on a network of their own, to try playbooks on. See docs/lab.md.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { leaveBashrcOut } from '../engine/base/bashrc.ts'
import { tell, UserError } from '../engine/base/errors.ts'
import { inCi } from '../engine/cli/options.ts'
import { didYouMean } from '../engine/base/suggest.ts'
import { fleet } from './fleet/commands.ts'
import {
  buildUnderWay,
  ensureCompiler,
  ensureKernel,
  inBackground,
  leaveTimeToOthers,
  stopBackgroundBuild,
} from './kernel/kernel.ts'
import { type KindName, kindNames } from './kinds/names.ts'
import { cut, heal, kill, labDown, labUp, reset, start, status } from './lab.ts'
import { machineNamed } from './machines.ts'
import { disturb } from './network.ts'
import { machineFile, sshConfigFile } from './paths.ts'
import { releaseNamed } from './releases.ts'

const say = (line: string) => console.log(line)

interface Command {
  usage: string
  help: string
  /** How many arguments it needs at least. */
  needs: number
  run: (args: string[]) => unknown
}

const commands: Record<string, Command> = {
  up: {
    usage: 'up [--yes] [--kind KIND] [--release RELEASE]',
    help: 'start the machines; builds their image the first time',
    needs: 0,
    run: up,
  },
  kernel: {
    usage: 'kernel [--yes]',
    help: 'build the kernel of User-Mode Linux machines now',
    needs: 0,
    run: kernel,
  },
  down: { usage: 'down', help: 'stop everything that the lab has started', needs: 0, run: () => labDown(say) },
  status: { usage: 'status', help: 'show the machines', needs: 0, run: showStatus },
  ssh: { usage: 'ssh NODE [COMMAND …]', help: 'log in to a machine, or run a command there', needs: 1, run: ssh },
  reset: {
    usage: 'reset [NODE …]',
    help: 'back to the first boot, in seconds',
    needs: 0,
    run: (names) => reset(names.length > 0 ? names : undefined),
  },
  kill: { usage: 'kill NODE', help: 'power a machine off at once', needs: 1, run: ([name]) => kill(name!) },
  start: { usage: 'start NODE', help: 'power it on again', needs: 1, run: ([name]) => start(name!) },
  cut: {
    usage: 'cut NODE [CARD]',
    help: 'pull its cables to the other machines, or one of them',
    needs: 1,
    run: ([name, card]) => cut(name!, card),
  },
  heal: { usage: 'heal NODE [CARD]', help: 'plug them in again', needs: 1, run: ([name, card]) => heal(name!, card) },
  disturb: {
    usage: 'disturb PERCENT MILLISECONDS',
    help: 'lose that many frames of the cluster, and delay the others by up to so much',
    needs: 2,
    run: ([percent, milliseconds]) =>
      disturb({ percent: numberUpTo(99, percent!), milliseconds: numberUpTo(10_000, milliseconds!) }),
  },
  logs: { usage: 'logs NODE', help: 'show its console', needs: 1, run: logs },
  fleet: {
    usage: 'fleet up N [--yes] | down | status | run COMMAND …',
    help: 'many hosts that share this kernel, to measure with; needs root',
    needs: 1,
    run: runFleet,
  },
}

async function up(args: string[]): Promise<void> {
  const { yes, rest } = optionsOf(args, ['kind', 'release'])
  await labUp({ yes, kind: rest.kind as KindName | undefined, releases: rest.release, say })
  showStatus()
}

async function kernel(args: string[]): Promise<void> {
  if (args.includes(inBackground)) {
    leaveTimeToOthers()
    return void (await ensureKernel(say))
  }
  const { yes } = optionsOf(args)
  await ensureCompiler(yes, say)
  stopBackgroundBuild()
  say(`the kernel is in ${await ensureKernel(say)}: the next up takes it, after down`)
}

/** What comes after `run` is a command's own. */
async function runFleet(args: string[]): Promise<void> {
  const own = args[0] === 'run' ? [] : args.filter((word) => word.startsWith('-'))
  const { yes } = optionsOf(own)
  const rest = args.filter((word) => !own.includes(word))
  await fleet(rest, yes, say)
}

/** Reads `--yes` and options with a value. @throws UserError for others */
function optionsOf(args: string[], names: readonly string[] = []) {
  const withValue = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]))
  try {
    const { values } = parseArgs({ args, options: { ...withValue, yes: { type: 'boolean', short: 'y' } } })
    const { yes, ...rest } = values as { yes?: boolean } & Record<string, string | undefined>
    return { yes: yes === true || inCi(), rest }
  } catch (error) {
    throw new UserError((error as Error).message)
  }
}

/** @throws UserError for a word that is no number from 0 to `most` */
function numberUpTo(most: number, word: string): number {
  const number = Number(word)
  if (word.trim() === '' || !(number >= 0 && number <= most))
    throw new UserError(`must be a number from 0 to ${most}, got "${word}"`)
  return number
}

function showStatus(): void {
  const lab = status()
  const build = buildUnderWay()
  if (build !== undefined) say(`the kernel of faster machines is being built: ${build}`)
  if (!lab) return say('the lab is not running: npm run lab -- up')
  for (const { name, address, release, port, pid } of lab.machines) {
    const state = pid ? `running, ssh -F ${sshConfigFile} ${name} (port ${port})` : 'off'
    say(`${name.padEnd(8)} ${address.padEnd(12)} ${releaseNamed(release).title}  ${state}`)
  }
}

function ssh([name, ...command]: string[]): void {
  const { status } = spawnSync('ssh', ['-F', sshConfigFile, machineNamed(name!).name, ...command], { stdio: 'inherit' })
  process.exitCode = status ?? 1
}

function logs([name]: string[]): void {
  const file = machineFile(machineNamed(name!).name, 'log')
  if (!existsSync(file)) throw new UserError(`${name} was never started: npm run lab -- up`)
  process.stdout.write(readFileSync(file))
}

function helpText(): string {
  const rows = Object.values(commands).map(({ usage, help }) => `  ${usage.padEnd(50)} ${help}`)
  return [
    ...['The lab: real machines to try playbooks on.', '', 'npm run lab -- COMMAND', ...rows, ''],
    `KIND is ${kindNames.join(', ')}; unless it is given, the first that works here. RELEASE is a release of Debian, or ` +
      'el9, el10, stand-ins for Enterprise Linux: 12 for all machines, ns2=13,ns1=el9 for some of them. LAB_KIND and LAB_RELEASE in the environment say the same.',
  ].join('\n')
}

const [word = '--help', ...args] = process.argv.slice(2)
leaveBashrcOut()
try {
  const command = commands[word]
  if (word === '--help' || word === '-h') say(helpText())
  else if (!command)
    throw new UserError(`unknown command "${word}"${didYouMean(word, Object.keys(commands))}; see --help`)
  else if (args.length < command.needs) throw new UserError(`usage: npm run lab -- ${command.usage}`)
  else await command.run(args)
} catch (error) {
  tell(error)
}
