#!/usr/bin/env -S npx zx
// Takes back what the newest run has changed on each host, from the journal that the host keeps.
import { stateFolder } from '../cluster/playbook.ts'
import { openSession } from '../cluster/session.ts'
import { exitCode } from '../runner/errors.ts'
import { main } from '../runner/main.ts'
import { rollbackScript } from '../runner/rollback.ts'

await main('Rollback: undo the newest run', [], async (stage) => {
  const { options, console, document } = stage
  const session = await openSession(stage)
  const hosts = await Promise.all(
    session.limited.map(async ({ name }) => {
      const transport = session.reach(name)
      await transport.connect()
      const script = rollbackScript(stateFolder, options.check)
      const { stdout, stderr, code } = await transport.run(script.text, { timeout: options.timeout })
      const said = `${stdout}${code === 0 ? '' : stderr}`.trim()
      for (const line of (said || 'the journal is empty: nothing to undo').split('\n'))
        console.print(`${name}  ${line}`)
      return { host: name, said, ok: code === 0, undone: said !== '' }
    }),
  )
  document.hosts = hosts
  if (hosts.some(({ ok }) => !ok)) return exitCode.failed
  return options.check && hosts.some(({ undone }) => undone) ? exitCode.changesFound : exitCode.ok
})
