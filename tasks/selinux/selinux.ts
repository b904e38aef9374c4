import { posix } from 'node:path'
import { sh } from '../../engine/base/sh.ts'
import { tagged, type Task, unchanged } from '../../engine/runner/task.ts'
import { directs } from '../../inventory/roles.ts'
import type { Cluster, Host } from '../../inventory/types.ts'
import { file } from '../file.ts'
import type { Target } from '../target.ts'
import { learning } from './learn.ts'
import { load, loadAtEnd, placeOf, unload } from './policy-module.ts'

/**
 * SELinux lets keepalived do what the cluster needs: the policy's own switch is turned on, for good, and a module of one rule is
 * added. All else stays forbidden, but for what it learns in permissive mode, the article's way, where the inventory says so.
 */
export const selinux = ({
  facts,
  host,
  cluster,
}: {
  facts: Target['facts']
  host: Pick<Host, 'role'>
  cluster: Pick<Cluster, 'selinux' | 'bfd'>
}): Task[] =>
  usesSelinux(facts) && directs(host)
    ? [
        connects,
        file(source, textFor(cluster), { mode: '600' }),
        ownModule(cluster),
        ...learning(cluster.selinux === 'learn', facts.now),
      ].map(tagged('selinux'))
    : []

/** @returns whether a host has SELinux, be it only to write down what it would forbid */
export const usesSelinux = ({ selinux }: Target['facts']): boolean =>
  selinux === 'enforcing' || selinux === 'permissive'

/** Checks connect to the real servers. */
const connects: Task = {
  name: 'SELinux lets keepalived connect to any port',
  key: 'SELinux keepalived_connect_any',
  probe: sh`exec getsebool keepalived_connect_any 2>/dev/null`,
  plan: ({ text }) => {
    const state = text.trim().split(' ').at(-1)!
    if (state === '') return unchanged('the policy does not confine keepalived')
    if (state === 'on') return unchanged()
    return {
      before: 'keepalived_connect_any off',
      after: 'keepalived_connect_any on',
      apply: sh`setsebool -P keepalived_connect_any on`,
      undo: sh`setsebool -P keepalived_connect_any off`,
    }
  },
}

const source = '/etc/keepalived/keepalived_playbooks.cil'
const module = posix.basename(source, '.cil')
const watch = '(allow keepalived_t etc_t (dir (watch)))'
// Policies have the one type or the other for the port, and older kernels no permission to watch: what is unknown goes.
const optional = (name: string, rule: string) => `(optional keepalived_${name} ${rule})`
const mayUse = (type: string) => `(allow keepalived_t ${type} (udp_socket (name_bind)))`
const textFor = ({ bfd }: Pick<Cluster, 'bfd'>): string =>
  [
    '; Written by keepalived-playbooks; changes by hand are replaced by the next run.',
    '; keepalived watches the files in /etc/keepalived by which nodes stand by and are drained.',
    ...(bfd
      ? [
          optional('watch', watch),
          '; keepalived takes part in BFD, at UDP port 3784.',
          '(allow keepalived_t node_t (udp_socket (node_bind)))',
          ...['bfd_control_port_t', 'unreserved_port_t'].map((type) => optional(type, mayUse(type))),
        ]
      : [watch]),
    '',
  ].join('\n')

/**
 * Drain, standby and BFD work: the policy of RHEL lets keepalived read files in /etc, but not watch them for changes, and use no
 * port of its own.
 */
const ownModule = (cluster: Pick<Cluster, 'bfd'>): Task => ({
  name: `SELinux lets keepalived watch its files${cluster.bfd ? ', and use BFD' : ''}`,
  key: `SELinux module ${module}`,
  // Kernels before 5.4 ask nobody.
  probe: sh`
getsebool keepalived_connect_any 2>/dev/null
compgen -G /sys/fs/selinux/class/dir/perms/watch
compgen -G ${placeOf(module)}
true`,
  plan: ({ text }, planned) => {
    if (!text.includes('keepalived_connect_any')) return unchanged('the policy does not confine keepalived')
    if (!cluster.bfd && !text.includes('/perms/watch')) return unchanged('the kernel does not ask')
    const there = text.includes(`/400/${module}\n`)
    if (there && !planned.changes(source)) return unchanged()
    return {
      before: there ? `${module}, as it was` : '',
      after: module,
      apply: load(source),
      undo: there ? loadAtEnd(source) : unload(module),
    }
  },
})
