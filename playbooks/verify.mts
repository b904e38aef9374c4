#!/usr/bin/env -S npx zx
// The cluster check: who holds the virtual IP, are the pools complete, who answers. Changes nothing.
import { reportCheck } from '../engine/commands/verify.ts'
import { expectReport, reportOption } from '../engine/operations/html-report.ts'
import { openSession } from '../engine/cluster/session.ts'
import { UserError } from '../engine/base/errors.ts'
import { main } from '../engine/cli/main.ts'
import { several } from '../engine/commands/several.ts'

const moved = { help: 'moved to a playbook of its own: drill.mts' }
const drillOptions = (['drill', 'drill-kill', 'drill-cut'] as const).map((name) => ({ name, ...moved }))
const program = {
  title: 'Verify: the cluster check',
  document: 'verify',
  many: several,
  own: [...drillOptions, reportOption],
} as const

await main(import.meta.url, program, async (context) => {
  const { own, limit, inventories } = context.options
  if (drillOptions.some(({ name }) => own[name]))
    throw new UserError('drills have a playbook of their own: npx zx playbooks/drill.mts')
  if (own.report && inventories.length > 1) throw new UserError('--report shows one cluster')
  await expectReport(own.report)
  if (limit) throw new UserError('--limit has no meaning here: the check is about the whole cluster')
  const session = await openSession(context)
  return reportCheck(context, session, { since: new Map(), changed: false, report: own.report })
})
