#!/usr/bin/env -S npx zx
// Breaks a healthy cluster on purpose, one fault after the other, and measures what clients lose.
import { ensureClients } from '../cluster/client.ts'
import { expectReport, reportOption } from '../cluster/page.ts'
import { openSession } from '../cluster/session.ts'
import { drillOptions, runDrills } from '../drill/run.ts'
import { UserError } from '../runner/errors.ts'
import { main } from '../runner/main.ts'

await main(import.meta.url, 'Drill', [...drillOptions, reportOption], async (stage) => {
  await expectReport(stage)
  const { limit, timeout } = stage.options
  if (limit) throw new UserError('--limit has no meaning here: a drill is about the whole cluster')
  const session = await openSession(stage)
  await ensureClients(session, { probing: true, timeout })
  return runDrills(stage, session)
})
