#!/usr/bin/env -S npx zx
// The cluster check alone: who holds the virtual IP, are the pools complete, who answers. Changes nothing.
import { reportCheck } from '../cluster/check-report.ts'
import { openSession } from '../cluster/session.ts'
import { UserError } from '../runner/errors.ts'
import { main } from '../runner/main.ts'

await main('Verify: the cluster check', [], async (stage) => {
  if (stage.options.limit) throw new UserError('--limit has no meaning here: the check is about the whole cluster')
  const session = await openSession(stage)
  return reportCheck(stage, session, { since: new Map(), settle: 10, changed: false })
})
