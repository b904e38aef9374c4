import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { labFolder } from '../../lab/paths.ts'
import { switchUnit } from '../../engine/runner/switch.ts'
import { asked, disconnect, type Ended, holderWithin, nodes, on, other, started, until, words } from '../lab/cluster.ts'
import { inventory } from './inventories.ts'
import { type Break, nameOf, type Row } from './row.ts'
import { leftOver, type NodeLines, readNodes } from './whole.ts'

/** What became of a row. */
export interface Played {
  row: Row
  /** What happened, for people. */
  what: string
  /** From the fault to a healthy cluster that has all that was wanted. */
  seconds: number
  /** Questions to the virtual IP that got no answer meanwhile. */
  lost: number
  left: string[]
  /** Why the row has failed. */
  wrong?: string
}

const hook = fileURLToPath(new URL('at-execution.mts', import.meta.url))
const folder = join(labFolder, 'faults')
const log = join(folder, 'log.txt')
const executions = join(folder, 'executions.txt')
mkdirSync(folder, { recursive: true })

/** Seconds that a host waits to be confirmed. */
const wait = 20

/** Gives a node a file and a rule to be changed, and harms nobody. */
const damage = `rm -f /etc/modules-load.d/ip_vs.conf
iptables -S INPUT | sed -n 's/^-A \\(.*playbooks-vrrp-in.*\\)/-D \\1/p' | xargs -r iptables`

/** Runs a playbook, as a person does, and breaks it off where that is wanted. */
export async function playbook(
  script: string,
  args: string[],
  more: Pick<Row, 'env' | 'meanwhile' | 'break'> = {},
): Promise<Ended> {
  rmSync(executions, { force: true })
  const hear = (text: string) => appendFileSync(log, text)
  hear(`\n$ ${script} ${args.join(' ')} ${JSON.stringify({ ...more.env, ...more.break })}\n`)
  const env = { ...more.env, ...faultOf(more.break), FAULT_LIST: executions }
  let acting: Promise<unknown> | undefined
  let failure: unknown
  const { meanwhile } = more
  const act = () => {
    acting = meanwhile!.act().catch((error: unknown) => {
      failure = error
    })
  }
  const event = meanwhile && { at: meanwhile.at, act }
  const ended = await started(['--import', hook, ...words(script, args)], { event, env, hear })
  if (meanwhile && !acting) throw new Error(`the run has not printed ${meanwhile.at}:\n${ended.text}`)
  await acting
  if (failure) throw failure
  return ended
}

const faultOf = (wanted?: Break): Record<string, string> =>
  wanted ? { FAULT: wanted.how, FAULT_AT: wanted.at, FAULT_WHEN: wanted.when } : {}

/** @returns the executions of the latest run, as `Break.at` names them, each once */
export const executionsOf = (): string[] => [
  ...new Set(existsSync(executions) ? readFileSync(executions, 'utf8').trim().split('\n') : []),
]

const scriptOf = (level: 2 | 3) => `playbooks/level${level}.mts`

/** A cluster, and how its nodes were at each level when all was well. */
export class Cluster {
  #level: 2 | 3 | undefined
  readonly #well = new Map<2 | 3, Record<string, NodeLines>>()

  /** Brings the cluster to a level, and keeps how the nodes are there. */
  async bringTo(level: 2 | 3): Promise<void> {
    if (this.#level === level) return
    const run = await playbook(scriptOf(level), [])
    if (run.code !== 0) throw new Error(`level ${level} is not reached:\n${run.text}`)
    this.#level = level
    if (!this.#well.has(level)) this.#well.set(level, await readNodes())
  }

  /** Plays a row, brings the cluster back as its operator would, and looks at what is left over. */
  async play(row: Row): Promise<Played> {
    const { level = 2, ends } = row
    const played: Played = { row, what: '', seconds: 0, lost: 0, left: [] }
    appendFileSync(log, `\n== ${nameOf(row)}\n`)
    try {
      await this.bringTo(level)
      await onNodes(row.damage ?? damage)
      const { tallies } = await asked('remote', async () => {
        const began = performance.now()
        played.what = await this.#run(row)
        if (!ends.some((end) => (typeof end === 'string' ? played.what === end : played.what.startsWith('stopped'))))
          played.wrong = `ended otherwise than it should: ${played.what}`
        await recover(level)
        played.seconds = Math.round((performance.now() - began) / 1000)
      })
      played.lost = Object.values(tallies).reduce((sum, { lost, slow }) => sum + lost - slow, 0)
      played.left = await leftOver(this.#well.get(level)!)
      if (played.left.length > 0) played.wrong ??= 'something is left over'
    } catch (error) {
      played.wrong = (error as Error).message
      this.#level = undefined
    }
    appendFileSync(log, `-- ${JSON.stringify({ ...played, row: undefined }, undefined, 1)}\n`)
    return played
  }

  /** @returns how the run of a row ended: `healthy`, `rolled back`, or `stopped: ` with the message */
  async #run(row: Row): Promise<string> {
    const { level = 2, script = scriptOf(level), args = [], inject, heal } = row
    await inject?.()
    const at = row.break && (await named(row.break.at))
    const before = await wentBack()
    await disconnect(nodes)
    const how = { ...row, break: row.break && { ...row.break, at: at! } }
    // A rollback has nothing to be confirmed.
    const confirm = script.includes('rollback') ? [] : ['--confirm-timeout', String(wait)]
    const own = row.inventory ? inventory(row.inventory) : []
    const run = await playbook(script, [...confirm, ...own, ...args], how)
    await heal?.()
    if (row.break && !executionsOf().includes('FAULT')) throw new Error(`the run has no ${at}: ${run.text}`)
    await settled(row.hurry)
    if ((await wentBack()) !== before) return 'rolled back'
    return run.code === 0 || run.code === null ? 'healthy' : messageOf(run, row.ends)
  }
}

const onNodes = async (script: string) =>
  (await Promise.all(nodes.map((node) => until(() => on(node, script))))).join('')

const wentBack = () => onNodes('cat /var/lib/keepalived-playbooks/went-back 2>/dev/null || true')

/** @returns an execution with the name of the host in place of its role */
async function named(at: string): Promise<string> {
  if (!/^(holder|other) /.test(at)) return at
  const now = await holderWithin(60)
  return at.replace('holder ', `${now} `).replace('other ', `${other(now)} `)
}

/** @returns the line by which a run has stopped, where it is one of these ends */
function messageOf({ code, text }: Ended, ends: Row['ends']): string {
  const lines = text.split('\n').map((line) => line.replaceAll(/\s+/g, ' ').trim())
  const said = lines.find((line) => ends.some((end) => typeof end !== 'string' && end.test(line)))
  return said
    ? `stopped: ${said.replace(/\/\S+\.yaml:[\d:]+ /, '')}`
    : `ended with ${code}: ${lines.filter(Boolean).slice(-12).join(' / ')}`
}

/**
 * Waits until no host is going to undo a run any more, and nobody is at work. After a reboot there is no timer to wait for.
 * @param hurry lets the timers of hosts run off at once
 */
const settled = (hurry = false): Promise<string> =>
  onNodes(`cd /var/lib/keepalived-playbooks 2>/dev/null || exit 0
timers() { systemctl list-units --all --plain --no-legend '${switchUnit}-*' | sed 's/ .*//'; }
flock -n lock true && { [ ! -e confirm ] || [ -z "$(timers)" ]; } || {
  ${hurry ? `timers | sed -n 's/timer$/service/p' | xargs -r systemctl start --no-block` : ''}
  sleep 1
  exit 1
}`)

/** Runs the level once more, as everybody does after a run that was broken off, until it is reached. */
async function recover(level: 2 | 3): Promise<void> {
  let text = ''
  for (let left = 3; left > 0; left--) {
    const run = await playbook(scriptOf(level), [])
    if (run.code === 0) return
    text = run.text
    await sleep(3000)
  }
  throw new Error(`the next runs do not reach level ${level}:\n${text}`)
}
