#!/usr/bin/env -S npx zx
// Reboots the nodes one at a time, and clients don't notice: drain, hand over, reboot, prove, put back, the next.
import { accountLines, Live } from '../cluster/live.ts'
import { openSession } from '../cluster/session.ts'
import { confirmed } from '../runner/confirm.ts'
import { exitCode, UserError } from '../runner/errors.ts'
import { main } from '../runner/main.ts'
import { readWish, rollOptions } from '../rolling/options.ts'
import { chooseTurns } from '../rolling/order.ts'
import { Roll } from '../rolling/roll.ts'
import { openScene } from '../cluster/scene.ts'

await main('Rolling reboot', rollOptions, async (stage) => {
  const { options, console, document } = stage
  const session = await openSession(stage)
  const wish = readWish(options, session.inventory.hosts.length)
  const scene = await openScene(stage, session, wish)
  const turns = await chooseTurns(stage, scene, wish)
  if (turns.length === 0 && !wish.resume) return exitCode.ok
  if (options.check) return exitCode.changesFound
  const work = wish.reboot ? 'reboots' : 'drains'
  const question = `This ${work} ${turns.map(({ host }) => host.name).join(', then ')}. Go on`
  if (!options.yes && !(await confirmed(question, 'add --yes to go on'))) throw new UserError('Nothing was changed')

  const roll = new Roll(stage, scene, wish)
  stage.atEnd(() => roll.release())
  await roll.begin()
  const live = await Live.start(stage, session)
  stage.underWay = () => roll.underWay()
  try {
    await roll.run(turns, live)
  } finally {
    const { samples, ...account } = await live.stop()
    document.prober = account
    for (const line of accountLines(account)) console.print(line)
  }
  return exitCode.ok
})
