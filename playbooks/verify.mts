#!/usr/bin/env -S npx zx
// The cluster check alone: who holds the virtual IP, are the pools complete, who answers. Changes nothing without --drill.
import { reportCheck } from '../cluster/check-report.ts'
import { ensureClients } from '../cluster/client.ts'
import { expectReport, reportOption } from '../cluster/page.ts'
import { openSession } from '../cluster/session.ts'
import { drillOptions, runDrills } from '../drill/run.ts'
import { exitCode, UserError } from '../runner/errors.ts'
import { main } from '../runner/main.ts'

await main(import.meta.url, 'Verify: the cluster check', [...drillOptions, reportOption], async (stage) => {
  await expectReport(stage)
  const { own, limit } = stage.options
  if (limit) throw new UserError('--limit has no meaning here: the check is about the whole cluster')
  if (!own.drill && (own['drill-kill'] || own['drill-cut']))
    throw new UserError('--drill-kill and --drill-cut go with --drill')
  const session = await openSession(stage)
  // Not first after something was done to the cluster.
  if (own.drill) await ensureClients(session, { probing: true, timeout: stage.options.timeout })
  const code = await reportCheck(stage, session, { since: new Map(), settle: 10, changed: false })
  return own.drill && code === exitCode.ok ? runDrills(stage, session) : code
})
