#!/usr/bin/env -S npx zx
// Breaks a healthy cluster on purpose, one fault after the other, and measures what clients lose.
import { ensureClients } from '../engine/clients/client.ts'
import { askedServicesOf } from '../services/virtual-server.ts'
import { expectReport, reportOption } from '../engine/operations/html-report.ts'
import { openSession } from '../engine/cluster/session.ts'
import { drillOptions, runDrills } from '../engine/operations/drills/run.ts'
import { UserError } from '../engine/base/errors.ts'
import { main } from '../engine/cli/main.ts'

const program = { title: 'Drill', document: 'drill', own: [...drillOptions, reportOption] } as const

await main(import.meta.url, program, async (context) => {
  const { limit, timeout, own } = context.options
  await expectReport(own.report)
  if (limit) throw new UserError('--limit has no meaning here: a drill is about the whole cluster')
  const session = await openSession(context)
  await ensureClients({ ...session, services: askedServicesOf(session.inventory.cluster) }, { probing: true, timeout })
  return runDrills(context, session)
})
