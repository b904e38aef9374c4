#!/usr/bin/env -S npx zx
// Reboots the nodes one at a time, and clients don't notice: hand over, drain, reboot, verify, undrain, the next.
import { ensureClients } from '../engine/clients/client.ts'
import { askedServicesOf } from '../services/virtual-server.ts'
import { TrafficMonitor } from '../engine/operations/traffic.ts'
import { conclude } from '../engine/operations/conclude.ts'
import { expectReport, reportOption } from '../engine/operations/html-report.ts'
import { openControl } from '../engine/operations/open-control.ts'
import { openSession } from '../engine/cluster/session.ts'
import { confirmed } from '../engine/cli/confirm.ts'
import { exitCode, UserError } from '../engine/base/errors.ts'
import { serves } from '../inventory/roles.ts'
import { main } from '../engine/cli/main.ts'
import { lockHosts } from '../engine/operations/rolling/locks.ts'
import { readRollingOptions, rollingOptions } from '../engine/operations/rolling/options.ts'
import { planReboots } from '../engine/operations/rolling/order.ts'
import { RollingReboot } from '../engine/operations/rolling/rolling-reboot.ts'

const program = {
  title: 'Rolling reboot',
  document: 'rolling-reboot',
  own: [...rollingOptions, reportOption],
} as const

await main(import.meta.url, program, async (context) => {
  const { options } = context
  await expectReport(options.own.report)
  const session = await openSession(context)
  const asked = readRollingOptions(options.own, session.inventory.hosts.filter(serves).length)
  await ensureClients(
    { ...session, services: askedServicesOf(session.inventory.cluster) },
    { probing: true, timeout: options.timeout },
  )
  const { locks, earlier, request } = await lockHosts(context, session, asked)
  const control = await openControl(context, session, request)
  const plan = await planReboots(context, control, request, earlier)
  if (plan.turns.length === 0 && !request.resume) return exitCode.ok
  if (!locks) return exitCode.changesFound
  const work = `${request.before ? 'runs the command on, and ' : ''}${request.reboot ? 'reboots' : 'drains'}`
  const question = `This ${work} ${plan.turns.map(({ host }) => host.name).join(', then ')}. Go on`
  if (plan.turns.length > 0 && !options.yes && !(await confirmed(question, 'add --yes to go on')))
    throw new UserError('Nothing was changed')

  const roll = new RollingReboot(context, control, request, locks, plan)
  const traffic = await TrafficMonitor.start(context, session)
  context.underWay = () => roll.underWay()
  const failure: unknown = await roll.run(traffic).catch((error: unknown) => error)
  await conclude(context, session, traffic, {
    title: program.title,
    file: options.own.report,
    states: () => control.reachableStates(),
    failure,
    about: (index) => roll.about(index),
    judge: () => [],
  })
  if (failure) throw failure
  return exitCode.ok
})
