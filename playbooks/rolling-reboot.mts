#!/usr/bin/env -S npx zx
// Reboots the nodes one at a time, and clients don't notice: drain, hand over, reboot, prove, put back, the next.
import { ensureClients } from '../engine/clients/client.ts'
import { Live } from '../engine/operations/traffic.ts'
import { conclude, expectReport, reportOption } from '../engine/operations/html-report.ts'
import { openScene } from '../engine/operations/control.ts'
import { openSession } from '../engine/cluster/session.ts'
import { confirmed } from '../engine/cli/confirm.ts'
import { exitCode, UserError } from '../engine/base/errors.ts'
import { main } from '../engine/cli/main.ts'
import { claimHosts } from '../engine/operations/rolling/locks.ts'
import { readWish, rollOptions } from '../engine/operations/rolling/options.ts'
import { makePlan } from '../engine/operations/rolling/order.ts'
import { Roll } from '../engine/operations/rolling/rolling-reboot.ts'

await main(import.meta.url, 'Rolling reboot', [...rollOptions, reportOption], async (stage) => {
  const { options } = stage
  await expectReport(stage)
  const session = await openSession(stage)
  const asked = readWish(options, session.inventory.hosts.length)
  await ensureClients(session, { probing: true, timeout: options.timeout })
  const { claims, earlier, wish } = await claimHosts(stage, session, asked)
  const scene = await openScene(stage, session, wish)
  const plan = await makePlan(stage, scene, wish, earlier)
  if (plan.turns.length === 0 && !wish.resume) return exitCode.ok
  if (!claims) return exitCode.changesFound
  const work = wish.reboot ? 'reboots' : 'drains'
  const question = `This ${work} ${plan.turns.map(({ host }) => host.name).join(', then ')}. Go on`
  if (plan.turns.length > 0 && !options.yes && !(await confirmed(question, 'add --yes to go on')))
    throw new UserError('Nothing was changed')

  const roll = new Roll(stage, scene, wish, claims, plan)
  const live = await Live.start(stage, session)
  stage.underWay = () => roll.underWay()
  const failure: unknown = await roll.run(live).catch((error: unknown) => error)
  await conclude(stage, session, live, {
    title: 'Rolling reboot',
    looks: () => scene.looksOfThose(),
    failure,
    about: (index) => roll.about(index),
    judge: () => [],
  })
  if (failure) throw failure
  return exitCode.ok
})
