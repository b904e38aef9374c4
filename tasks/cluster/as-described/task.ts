import { exitCode, UserError } from '../../../engine/base/errors.ts'
import { type Task, unchanged } from '../../../engine/runner/task.ts'
import type { Level } from '../../../inventory/levels.ts'
import type { Target } from '../../target.ts'
import { addresses, connection } from './addresses.ts'
import { parseFound, probe } from './found.ts'
import { method } from './method.ts'
import { port } from './port.ts'
import { secondInterface } from './second-interface.ts'
import { virtualIp } from './virtual-ip.ts'
import { tunnel, ways } from './ways.ts'

/**
 * The machine that was reached is the one that the inventory describes, and what the level is going to use is free. It
 * changes nothing: where it is not so, the plan tells all that is wrong, each with the line of the inventory.
 */
export const asDescribed = (target: Target, level: Level): Task => ({
  name: `the host is ${target.host.name} as the inventory describes it`,
  probe: probe(target),
  plan: ({ text }) => {
    const found = parseFound(text)
    const wrong = [
      ...addresses(target, found),
      ...connection(target, level, found),
      ...virtualIp(target, level, found),
      ...secondInterface(target, level, found),
      ...port(target, level, found),
      ...method(target, level, found),
      ...ways(target, level, found),
      ...tunnel(target, level, found),
    ]
    if (wrong.length > 0) throw new UserError(wrong.join('\n'), exitCode.failed)
    return unchanged()
  },
})
