import { sh } from '../../engine/base/sh.ts'
import type { Task } from '../../engine/runner/task.ts'
import { file } from '../../tasks/file.ts'
import { line } from '../../tasks/line.ts'
import { service } from '../../tasks/service.ts'
import type { Target } from '../../tasks/target.ts'
import { render, template } from '../../tasks/template.ts'
import type { ContentOf } from '../service.ts'
import { bindOn } from './bind.ts'
import { listens } from './listens.ts'
import { zoneByHand } from './zone-by-hand.ts'
import { zoneFits } from './zone-fits.ts'

/**
 * named answers for the health zone with a TXT record of its own on each node, so that a client sees which node it
 * reached (the article's preparation).
 */
export function healthZone({ host, facts }: Target, content: ContentOf<'dns'>): Task[] {
  const named = bindOn(facts)
  const { health_zone: zone, health_name: record } = content
  // The article's name: a zone that keeps name and file is never missing while named loads its configuration.
  const zoneFile = `${named.folder}/${zone}.zone`
  const conf = `${named.own}/named.conf.health`
  const data = { zone, record, identity: host.identity, address: host.address }
  return [
    file(
      zoneFile,
      withSerial((serial) => render('health.zone', { ...data, serial }), facts.now),
      {
        validate: sh`named-checkzone ${zone} "$file"`,
      },
    ),
    template(conf, 'named.conf.health', { zone, zoneFile }),
    ...(named.localOnly ? [listens(named.conf)] : []),
    zoneByHand({ zone, conf: named.conf, own: conf, included: named.localConf }, record),
    zoneFits({
      zone,
      conf: named.conf,
      included: named.localConf,
      own: conf,
      text: render('named.conf.health', { zone, zoneFile }),
    }),
    line(named.localConf, `include "${conf}";`, { validate: sh`named-checkconf` }),
    service('named', { reloadOn: [zoneFile, conf, named.localConf] }),
  ]
}

/**
 * Renders a zone so that its serial grows when anything else in it changes, and only then (RFC 1912, 2.2).
 * @param now seconds since 1970: a zone file that was lost does not start again from a lower serial
 */
export const withSerial =
  (zone: (serial: number) => string, now: number) =>
  (current: string | undefined): string => {
    const serial = Number(current?.match(/(\d+) ; serial/)?.[1] ?? 0)
    return zone(serial) === current ? current : zone(Math.max(now, serial + 1))
  }
