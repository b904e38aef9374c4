// Every execution of a run, at which the playbook is killed, or a host is not reached any more.
import type { Break, Row } from '../row.ts'

/** What gives each node files, a rule and a reload to be changed, and harms nobody. */
export const damages = {
  2: `sed -i 's/retry 2/retry 9/' /etc/keepalived/keepalived.conf
rm -f /etc/modules-load.d/ip_vs.conf
iptables -S INPUT | sed -n 's/^-A \\(.*playbooks-vrrp-in.*\\)/-D \\1/p' | xargs -r iptables`,
  3: `sed -i 's/retry 2/retry 9/' /etc/keepalived/keepalived.conf
echo '# gone' >/etc/iproute2/rt_tables.d/keepalived.conf
rm -f /etc/modules-load.d/ip_vs.conf`,
}

/**
 * The executions of such a run, by the host that sees them in this order; numbers as `Break.at` has them. The clock brings others,
 * which let a host wait on.
 */
export const executions: Record<2 | 3, Record<string, string>> = {
  2: {
    client: 'question 1',
    remote: 'question 1',
    other:
      'facts 1, probes 1, state 1, changes 1, probes 2, state 2, drain 1, state 3, drain 2, state 4, confirmation 1',
    holder:
      'facts 1, probes 1, state 1, drain 1, state 2, standby 1, state 3, drain 2, state 4, changes 1, probes 2, ' +
      'standby 2, state 5, confirmation 1',
  },
  3: {
    client: 'question 1',
    remote: 'question 1',
    other:
      'facts 1, probes 1, state 1, changes 1, confirmation 1, state 2, changes 2, probes 2, state 3, drain 1, ' +
      'state 4, drain 2, state 5, confirmation 2',
    holder:
      'facts 1, probes 1, state 1, changes 1, confirmation 1, state 2, drain 1, state 3, standby 1, state 4, drain 2, ' +
      'state 5, changes 2, probes 2, standby 2, state 6, confirmation 2',
  },
}

const faults = { kill: 'playbook killed -9', cut: 'connection cut' }

const rowOf = (level: 2 | 3, wanted: Break): Row => ({
  fault: faults[wanted.how],
  when: `${wanted.when} ${wanted.at}`,
  level,
  damage: damages[level],
  break: wanted,
  hurry: true,
  ends: ['healthy', 'rolled back', /connection to \w+ was lost|no SSH connection|has lost \w+|takes no more commands/],
})

const rowsAt = (level: 2 | 3, at: string): Row[] =>
  (['kill', 'cut'] as const).flatMap((how) =>
    (['before', 'during', 'after'] as const).map((when) => rowOf(level, { how, at, when })),
  )

export const brokenOff = ([2, 3] as const).flatMap((level) =>
  Object.entries(executions[level]).flatMap(([who, list]) =>
    list.split(', ').flatMap((what) => rowsAt(level, `${who} ${what}`)),
  ),
)
