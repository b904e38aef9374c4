#!/usr/bin/env -S npx zx
// Takes everything away that the playbooks have made, but for installed packages: each host is as it was before.
import { UserError } from '../engine/base/errors.ts'
import { confirmed } from '../engine/cli/confirm.ts'
import { main } from '../engine/cli/main.ts'
import { openSession } from '../engine/cluster/session.ts'
import { bringTo } from '../engine/commands/bring-to.ts'
import { confirmOption, confirmWithin } from '../engine/commands/confirm-timeout.ts'
import { clusterScope } from '../engine/runner/baselines.ts'

const scopeOption = {
  name: 'scope',
  value: 'NAME',
  help: 'take away what playbooks of this scope have made, and leave the cluster',
} as const
const program = { title: 'Teardown: hosts as they were', document: 'run', own: [scopeOption, confirmOption] } as const

await main(import.meta.url, program, async (context) => {
  const { check, yes, own } = context.options
  const seconds = confirmWithin(own['confirm-timeout'])
  const session = await openSession(context)
  const scope = own.scope ?? clusterScope
  const hosts = session.limited.map(({ name }) => name).join(', ')
  const what = scope === clusterScope ? session.inventory.cluster.vip : `what the playbooks of ${scope} have made`
  if (!check && !yes && !(await confirmed(`This ends ${what} on ${hosts}. Go on`, 'add --yes to go on')))
    throw new UserError('Nothing was changed')
  return bringTo(context, session, { title: program.title, scope, tasks: () => [] }, { checking: false, seconds })
})
