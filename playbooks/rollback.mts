#!/usr/bin/env -S npx zx
// Takes back what a run has changed on each host, from the journal that the host keeps.
import { exitCode, HostError, UserError } from '../engine/base/errors.ts'
import { confirmed } from '../engine/cli/confirm.ts'
import { main } from '../engine/cli/main.ts'
import { runNote } from '../engine/cluster/run-note.ts'
import { openSession } from '../engine/cluster/session.ts'
import { chooseRun, type HostJournal, newestOn, runsOf, runTable } from '../engine/commands/rollback.ts'
import { busyCode } from '../engine/runner/lock.ts'
import { journalProbe, parseJournal, rollbackScript } from '../engine/runner/rollback.ts'
import { staleCode } from '../engine/runner/state.ts'

const program = {
  title: 'Rollback: undo the newest run',
  document: 'rollback',
  own: [{ name: 'to', value: 'RUN', help: 'undo this run, where it is the newest; needed where hosts differ' }],
} as const

await main(import.meta.url, program, async (context) => {
  const { options, console, document } = context
  const session = await openSession(context)
  const { folder, by } = runNote('Rollback')
  const results = session.limited.map(({ name }) => ({ host: name, undone: false, code: exitCode.ok as number }))
  const show = (host: string, said: string) => {
    for (const line of said.split('\n').filter(Boolean)) console.print(`${host}  ${line}`)
  }

  /** A host that is unreachable or fails does not affect the others. */
  const onEach = (work: (result: (typeof results)[number]) => Promise<void>) =>
    Promise.all(
      results.map(async (result) => {
        if (result.code !== exitCode.ok) return
        await work(result).catch((error: unknown) => {
          if (!(error instanceof UserError)) throw error
          show(result.host, error.message)
          result.code = error instanceof HostError ? exitCode.unreachable : exitCode.failed
        })
      }),
    )
  const conclude = () => Math.max(...results.map(({ code }) => code))
  document.hosts = results

  const journals: HostJournal[] = []
  await onEach(async ({ host }) => {
    const { stdout } = await session.reach(host).run(journalProbe(folder).text, { timeout: options.timeout })
    journals.push({ host, runs: parseJournal(stdout.toString('utf8'), folder) })
  })
  journals.sort((a, b) => (a.host < b.host ? -1 : 1))
  const runs = runsOf(journals)
  document.runs = runs
  for (const { host } of journals.filter((journal) => journal.runs.length === 0))
    show(host, 'the journal is empty: nothing to undo')
  if (runs.length === 0) return conclude()
  for (const line of runTable(runs)) console.print(line)

  const chosen = chooseRun(runs, options.own.to)
  const hosts = newestOn(chosen.hosts)
  for (const { host, runs: kept } of journals)
    if (kept.length > 0 && !hosts.includes(host)) show(host, `left alone: its newest run is ${kept[0]!.id}`)
  if (hosts.length === 0)
    throw new UserError(`${chosen.id} is the newest run of no host: undo those after it first`, exitCode.failed)
  const word = options.check ? 'undo' : 'will undo'
  for (const { host, runs: kept } of journals)
    if (hosts.includes(host)) show(host, kept[0]!.changes.map((change) => `${word} ${change}`).join('\n'))
  if (options.check) return conclude() || exitCode.changesFound
  const what = `the run of ${chosen.who}${chosen.when && `, ${chosen.when}`}${chosen.playbook && `, ${chosen.playbook}`}`
  const question = `This undoes ${what}, on ${hosts.join(', ')}. Go on`
  if (!options.yes && !(await confirmed(question, 'add --yes to go on'))) throw new UserError('Nothing was changed')

  await onEach(async (result) => {
    const { host } = result
    const run = journals.find((journal) => journal.host === host)!.runs[0]
    if (!run || !hosts.includes(host)) return
    const { text } = rollbackScript(folder, by, run.name)
    const { stdout, stderr, code } = await session.reach(host).run(text, { timeout: options.timeout, lasting: true })
    show(host, stdout.toString('utf8'))
    if (code === busyCode)
      throw new UserError(`another run is at work: ${stderr.trim()}. Try again when it has ended`, exitCode.failed)
    if (code === staleCode)
      throw new UserError('another run has changed it since its journal was read: nothing was undone', exitCode.failed)
    result.undone = code === 0
    if (code !== 0)
      throw new UserError(`failed: ${stderr.trim() || 'the lines above say what is left'}`, exitCode.failed)
  })
  return conclude()
})
