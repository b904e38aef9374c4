import { exitCode, UserError } from '../../engine/base/errors.ts'
import { sh } from '../../engine/base/sh.ts'
import { type Planned, type Task, unchanged } from '../../engine/runner/task.ts'
import { abilitiesOf, type Level } from '../../inventory/levels.ts'
import type { Path } from '../../inventory/source.ts'
import { directs, serves } from '../../inventory/roles.ts'
import type { Cluster, Host } from '../../inventory/types.ts'
import { installedPackages } from '../packages.ts'
import type { Target } from '../target.ts'
import { fileOf } from './as-described/found.ts'
import { checksOn } from './checks.ts'
import { linesFor } from './keepalived-conf.ts'

/** Something that the cluster uses on a host, and where the inventory names it. */
export interface Named {
  kind: 'program' | 'user' | 'interface' | 'unit'
  name: string
  path: Path
}

/**
 * A check that the programs, users, interfaces and units that the inventory names are on the host. keepalived itself says
 * nothing of many of them, and looks for others only when it is installed.
 */
export function namedOnHost(target: Target, level: Level): Task {
  const { place } = target
  const all = namedFor(target, level)
  const [programs, users, interfaces, units] = (['program', 'user', 'interface', 'unit'] as const).map((kind) => [
    ...new Set(all.flatMap((one) => (one.kind === kind ? one.name : []))),
  ])
  return {
    name: 'programs, users, interfaces and units that the inventory names are there',
    probe: sh`
for one in ${programs!}; do if [ ! -f "$one" ] || [ ! -x "$one" ]; then echo "program $one"; fi; done
for one in ${users!}; do getent passwd "$one" >/dev/null || echo "user $one"; done
for one in ${interfaces!}; do [ -e "/sys/class/net/$one" ] || echo "interface $one"; done
for one in ${units!}; do
  case $(systemctl show -p LoadState -- "$one" 2>/dev/null) in *=not-found) echo "unit $one" ;; esac
done`,
    plan: ({ text }, planned) => {
      const missing = new Set(text.split('\n'))
      const wrong = all.filter(({ kind, name }) => missing.has(`${kind} ${name}`) && !isComing(kind, name, planned))
      if (wrong.length > 0)
        throw new UserError(
          // One user may run several programs.
          [...new Set(wrong.map((one) => `${place(one.path)}: ${sentence(one)}`))].join('\n'),
          exitCode.failed,
        )
      return unchanged()
    },
  }
}

const sentence = ({ kind, name }: Named) =>
  ({
    program: `there is no program ${name} on this host that can be run: put it there (chmod 755), then run again`,
    user: `there is no user ${name} on this host: make it (useradd --system ${name}), or name another one`,
    interface: `there is no interface ${name} on this host: set it up, or name another one`,
    unit: `systemd knows no ${fileOf(name)} on this host: install what brings it, or name another one`,
  })[kind]

/** Earlier tasks may bring it, by name or as a part of packages: these have programs in few places, any user and any unit. */
const isComing = (kind: Named['kind'], name: string, planned: Planned): boolean =>
  planned.changes(name) ||
  planned.changes(`/etc/systemd/system/${name}.service`) ||
  (planned.changes(installedPackages) &&
    (kind === 'user' ||
      kind === 'unit' ||
      (kind === 'program' && /^\/(usr\/(?!local\/)|s?bin\/|lib\/|opt\/)/.test(name))))

/** @returns what a host uses by name at a level, but for its own interfaces, which are looked at elsewhere */
export const namedFor = ({ cluster, host }: Pick<Target, 'cluster' | 'host'>, level: Level): Named[] => [
  ...(directs(host) ? forKeepalived({ cluster, host }, level) : []),
  // Directors run them, and each real server asks itself.
  ...Object.entries(cluster.services).flatMap(([name, service]) =>
    'check' in service ? run(['cluster', 'services', name], 'check', service.check) : [],
  ),
  ...(serves(host) ? units(cluster) : []),
]

const units = ({ services }: Cluster): Named[] =>
  Object.entries(services).flatMap(([name, service]): Named[] =>
    'unit' in service && service.unit !== undefined && !('managed' in service && service.managed)
      ? [{ kind: 'unit', name: service.unit, path: ['cluster', 'services', name, 'unit'] }]
      : [],
  )

function forKeepalived({ cluster, host }: Pick<Target, 'cluster' | 'host'>, level: Level): Named[] {
  const { checks, instances, notify } = cluster
  // keepalived waits for interfaces then.
  const later = linesFor(cluster, host).global.some((line) => /^\s*dynamic_interfaces\b/.test(line))
  return [
    ...(host.notify
      ? notifying(['hosts', host.name, 'notify'], host.notify)
      : notifying(['cluster', 'notify'], notify)),
    ...instances.flatMap((one) =>
      one.notify ? notifying(['cluster', 'instances', one.name, 'notify'], one.notify) : [],
    ),
    ...programs(['cluster', 'checks'], host, checks),
    ...instances.flatMap((one) => programs(['cluster', 'instances', one.name, 'checks'], host, one.checks)),
    ...(abilitiesOf(level, cluster).balances ? balancing(cluster) : []),
    ...(later ? [] : interfaces(cluster)),
  ]
}

/** What keepalived runs. @param key of the command, in a map that may name the user as well */
const run = (map: Path, key: string, command: string | undefined, user = 'root'): Named[] => [
  ...(command === undefined ? [] : [{ kind: 'program' as const, name: command.split(' ')[0]!, path: [...map, key] }]),
  ...(/^(root|nobody)$/.test(user) ? [] : [{ kind: 'user' as const, name: user, path: [...map, 'user'] }]),
]

const notifying = (map: Path, { user, ...programs }: Cluster['notify']): Named[] =>
  Object.entries(programs).flatMap(([state, program]) => run(map, state, program, user))

const balancing = ({ balancing: { quorum, real_server_up, real_server_down } }: Cluster): Named[] => [
  ...run(['cluster', 'balancing', 'quorum'], 'up', quorum.up),
  ...run(['cluster', 'balancing', 'quorum'], 'down', quorum.down),
  ...run(['cluster', 'balancing'], 'real_server_up', real_server_up),
  ...run(['cluster', 'balancing'], 'real_server_down', real_server_down),
]

const programs = (map: Path, host: Host, checks: Cluster['checks'] = {}): Named[] =>
  checksOn(host, checks).flatMap(([name, { command, user }]) => run([...map, name], 'command', command, user))

function interfaces({ instances, track_interfaces }: Cluster): Named[] {
  const named = (path: Path, name: string | undefined): Named[] =>
    name === undefined ? [] : [{ kind: 'interface', name, path }]
  const tracked = (map: Path, all: Cluster['track_interfaces'] = []) =>
    all.flatMap((one, index) => {
      const path = [...map, 'track_interfaces', String(index)]
      return typeof one === 'string' ? named(path, one) : named([...path, 'name'], one.name)
    })
  return [
    ...tracked(['cluster'], track_interfaces),
    ...instances.flatMap(({ name, vips, interface: own, track_interfaces: ownTracked }, index) => {
      const map = ['cluster', ...(index === 0 ? [] : ['instances', name])]
      return [
        ...tracked(map, ownTracked),
        ...named([...map, 'interface'], own),
        ...vips.flatMap((vip, place) =>
          named(
            [...map, ...(place === 0 ? ['vip_interface'] : ['more_vips', String(place - 1), 'interface'])],
            vip.interface,
          ),
        ),
      ]
    }),
  ]
}
