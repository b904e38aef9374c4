// What happens to the cluster meanwhile, and what a run makes of it.
import * as lab from '../../../lab/lab.ts'
import { holder, on } from '../../lab/cluster.ts'
import type { Row } from '../row.ts'

const when = 'during the changes'
const changing = /^ns2 +changed /m
const onHolder = (script: string) => async () => on(await holder(), script)

export const clusterRows: Row[] = [
  {
    fault: 'a keepalived.conf that passes -t and makes two nodes MASTER',
    when,
    script: 'test/faults/wrong-conf.mts',
    ends: ['rolled back'],
  },
  {
    fault: 'the VIP moves',
    when,
    level: 3,
    meanwhile: { at: changing, act: onHolder('systemctl restart keepalived') },
    ends: ['healthy', 'rolled back'],
  },
  {
    fault: 'keepalived killed -9 on the holder',
    when,
    level: 3,
    meanwhile: { at: changing, act: onHolder('pkill -KILL -x keepalived') },
    ends: ['healthy', 'rolled back'],
  },
  {
    fault: 'ns2 cut from its peers, not from us',
    when,
    level: 3,
    meanwhile: { at: changing, act: () => lab.cut('ns2', 'eth0') },
    heal: () => lab.heal('ns2', 'eth0'),
    ends: ['rolled back', /ns2/],
  },
  {
    fault: 'ns2 cut from us, not from its peers',
    when,
    level: 3,
    meanwhile: {
      at: changing,
      act: () =>
        on(
          'ns2',
          `systemd-run --quiet --on-active=1 iptables -I INPUT -i mgmt0 -j DROP
systemd-run --quiet --on-active=50 iptables -D INPUT -i mgmt0 -j DROP`,
        ),
    },
    ends: ['rolled back', /ns2.*(lost|reached)/],
  },
]
