// Several runs at once, and runs of other playbooks that are broken off.
import { setTimeout as sleep } from 'node:timers/promises'
import { nodes, on, resetWithPackages } from '../../lab/cluster.ts'
import { playbook } from '../play.ts'
import type { Row } from '../row.ts'

/** Another controller, which starts when the first makes its changes. @param says what it may end with, beside success */
const second = (fault: string, script: string, says: RegExp): Row => ({
  fault,
  when: 'during the changes',
  meanwhile: {
    at: / begins /,
    act: async () => {
      const { code, text } = await playbook(script, [])
      if (code !== 0 && !says.test(text)) throw new Error(`the second ended with ${code}: ${text}`)
    },
  },
  ends: ['healthy', /another run/],
})

const busy = /another run is at work|another run changes|is not confirmed yet/

/** A run of another playbook, killed in the middle. */
const broken = (fault: string, script: string, at: string, more: Partial<Row> = {}): Row[] =>
  (['before', 'during', 'after'] as const).map((when) => ({
    fault,
    when: `${when} ${at}`,
    script,
    break: { how: 'kill', at, when },
    hurry: true,
    ends: ['healthy', 'rolled back'],
    ...more,
  }))

export const runs: Row[] = [
  second('two controllers', 'playbooks/level2.mts', busy),
  second(
    'rollback by another controller',
    'playbooks/rollback.mts',
    /another run|is not confirmed|newest run is not the same/,
  ),
  second(
    'rolling reboot by another controller',
    'playbooks/rolling-reboot.mts',
    /another run is at work|can't be locked/,
  ),
  ...broken('rollback killed -9', 'playbooks/rollback.mts', 'other rollback 1', {
    inject: () => playbook('playbooks/level2.mts', []),
  }),
  {
    fault: 'playbook killed -9 while keepalived of the other node waits for another password',
    when: 'after holder changes 1',
    inventory: { replace: { 'auth_pass: KPSjXfRG': 'auth_pass: secret12' } },
    break: { how: 'kill', at: 'holder changes 1', when: 'after' },
    // The holder has gone back before the other node's time is over, which is not waited for.
    heal: async () => {
      await sleep(40_000)
      const unit = 'keepalived-playbooks-silence'
      for (const node of nodes)
        await on(node, `(systemctl start ${unit}; systemctl stop ${unit}.timer) 2>/dev/null || true`)
    },
    ends: ['rolled back'],
  },
  ...broken('teardown killed -9', 'playbooks/teardown.mts', 'other changes 1'),
  ...broken('first run killed -9', 'playbooks/level2.mts', 'ns2 changes 1', { inject: resetWithPackages }),
]
