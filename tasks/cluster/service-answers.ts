import { UserError } from '../../engine/base/errors.ts'
import { sh } from '../../engine/base/sh.ts'
import { type Task, unchanged } from '../../engine/runner/task.ts'
import { abilitiesOf, type Level } from '../../inventory/levels.ts'
import type { Host } from '../../inventory/types.ts'
import { servicesOn } from '../../services/all.ts'
import type { Service } from '../../services/service.ts'
import type { Target } from '../target.ts'

/** Seconds for a service that was started or loaded, or for an address that is new to it. */
const patience = 15

/**
 * The service answers on every address of the node to which clients will come, before keepalived sends anybody there.
 * Nothing is changed by it: a service that does not answer ends the run on this host.
 */
export function serviceAnswers({ cluster, host }: Target, level: Level): Task[] {
  const second = abilitiesOf(level, cluster).secondInterface && host.second ? [host.second.address] : []
  const addresses = [host.address, ...second]
  return servicesOn(cluster, host).flatMap((service) => addresses.map((address) => answers(service, host, address)))
}

function answers({ name, unit = name, selfCheck }: Service, host: Host, address: string): Task {
  // Another host of the network must not be asked in its place.
  const check = sh`
exec 2>&1
[ -n "$(ip -o -4 address show to ${`${address}/32`})" ] || { echo ${`${address} is not there yet`}; exit 1; }
${selfCheck(host, address)}`
  return {
    name: `${unit} answers on ${address}`,
    probe: check,
    plan: ({ text, code }, planned) => {
      if (code === 0) return unchanged()
      const why = text.trim().split('\n').at(-1)!
      if (!planned.changes())
        throw new UserError(`${why}, and this run has nothing to change before that: make it answer, then run again`, 1)
      return {
        before: why,
        after: `${unit} answers on ${address}`,
        apply: sh`
# By no clock that may be set meanwhile.
up() { cut -d . -f 1 /proc/uptime; }
began=$(up)
until why=$( ${check} ); do
  [ "$(($(up) - began))" -lt ${patience} ] || { echo "$why: keepalived was left alone; make it answer, then run again"; exit 1; }
  sleep 1
done`,
        undo: sh`true`,
      }
    },
  }
}
