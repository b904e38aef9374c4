#!/usr/bin/env -S npx zx
// Breaks a healthy cluster on purpose, one fault after the other, and measures what clients lose.
import { ensureClients } from '../engine/clients/client.ts'
import { expectReport, reportOption } from '../engine/operations/html-report.ts'
import { openSession } from '../engine/cluster/session.ts'
import { drillOptions, runDrills } from '../engine/operations/drills/run.ts'
import { UserError } from '../engine/base/errors.ts'
import { main } from '../engine/cli/main.ts'

await main(import.meta.url, 'Drill', [...drillOptions, reportOption], async (context) => {
  await expectReport(context)
  const { limit, timeout } = context.options
  if (limit) throw new UserError('--limit has no meaning here: a drill is about the whole cluster')
  const session = await openSession(context)
  await ensureClients(session, { probing: true, timeout })
  return runDrills(context, session)
})
