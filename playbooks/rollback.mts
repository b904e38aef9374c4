#!/usr/bin/env -S npx zx
// Takes back what the newest run has changed on each host, from the journal that the host keeps.
import { runNote } from '../engine/cluster/run-note.ts'
import { openSession } from '../engine/cluster/session.ts'
import { exitCode, HostError } from '../engine/base/errors.ts'
import { busyCode } from '../engine/runner/lock.ts'
import { main } from '../engine/cli/main.ts'
import { rollbackScript } from '../engine/runner/rollback.ts'

await main(import.meta.url, 'Rollback: undo the newest run', [], async (context) => {
  const { options, console, document } = context
  const session = await openSession(context)
  const { folder, by } = runNote('Rollback')
  const { text } = rollbackScript(folder, by, options.check)

  /** A host that is unreachable or fails does not affect the others. */
  const rollBack = async (host: string) => {
    const result = { host, undone: false, code: exitCode.ok as number }
    const show = (said: string) => {
      for (const line of said.split('\n').filter(Boolean)) console.print(`${host}  ${line}`)
    }
    try {
      const { stdout, stderr, code } = await session.reach(host).run(text, { timeout: options.timeout, lasting: true })
      result.undone = stdout.length > 0
      show(stdout.toString('utf8') || 'the journal is empty: nothing to undo')
      if (code === busyCode) show(`another run is at work: ${stderr.trim()}. Try again when it has ended`)
      else if (code !== 0)
        show(`failed: ${stderr || 'the line above says why'}; what is left is undone by the next rollback`)
      if (code !== 0) result.code = exitCode.failed
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      show(error.message)
      result.code = exitCode.unreachable
    }
    return result
  }

  const hosts = await Promise.all(session.limited.map(({ name }) => rollBack(name)))
  document.hosts = hosts
  const worst = Math.max(...hosts.map(({ code }) => code))
  if (worst > 0) return worst
  return options.check && hosts.some(({ undone }) => undone) ? exitCode.changesFound : exitCode.ok
})
