import { join } from 'node:path'
import type { Documents } from '../../documents/all.ts'
import { fleetSshConfig } from '../../lab/fleet/fleet.ts'
import { fleetHosts } from '../../lab/fleet/plan.ts'
import { root, zx } from '../measure.ts'
import type { Inventories } from './inventory.ts'
import type { Program } from './usage.ts'

/** One thing that is measured. */
export interface Contender {
  name: string
  program: Program
  /** @returns changes and executions of all hosts, as what it printed says */
  counts: (stdout: string) => { changed: number; executions?: number }
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0)

/** Each host prints a line. */
const ofScript = (stdout: string) => ({
  changed: sum([...stdout.matchAll(/^changed=(\d+)$/gm)].map(([, number]) => Number(number))),
})
const ofAnsible = (stdout: string) => ({
  changed: sum([...stdout.matchAll(/ changed=(\d+) /g)].map(([, number]) => Number(number))),
})

function ofPlaybook(stdout: string) {
  const document = JSON.parse(stdout) as Documents['run'] | Documents['clusters']
  const runs =
    document.document === 'run' ? [document] : document.clusters!.map((one) => one.document as Documents['run'])
  const hosts = runs.flatMap((run) => run.hosts ?? [])
  return {
    changed: sum(hosts.map(({ changes }) => changes.length)),
    executions: sum(hosts.map(({ executions }) => executions)),
  }
}

const script = (name: string) => `bench/fleet/${name}.sh`

/** With the cache of compiled code that the README speaks of: it holds what TypeScript became, too. */
const node = (...words: string[]): Program => ({
  words: [process.execPath, ...words],
  env: { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node') },
})

const level1 = (name: string, inventories: readonly string[], ...options: string[]): Contender => ({
  name,
  program: {
    ...node(zx, 'playbooks/level1.mts', '-i', ...inventories, '--no-verify', '--json', ...options),
    codes: options.includes('--check') ? [0, 2] : [0],
  },
  counts: ofPlaybook,
})

/** What is measured with so many hosts, by what it is called in results. */
export function contendersOf(count: number, { whole, pairs, ansible }: Inventories, folder: string) {
  const overSsh2 = (name: string, file?: string): Contender => ({
    name,
    program: node('bench/one-script.mts', whole, ...(file ? [script(file)] : [])),
    counts: ofScript,
  })
  const site = join(root, 'bench/ansible/site.yaml')
  const byAnsible = (name: string, strategy?: string): Contender => ({
    name,
    program: {
      words: ['ansible-playbook', '-i', ansible, site],
      env: {
        ANSIBLE_CONFIG: join(root, 'bench/ansible/ansible.cfg'),
        ANSIBLE_SSH_EXTRA_ARGS: `-F ${fleetSshConfig}`,
        ANSIBLE_HOME: folder,
        ANSIBLE_LOCAL_TEMP: join(folder, 'tmp'),
        ANSIBLE_SSH_CONTROL_PATH_DIR: join(folder, 'cp'),
        ANSIBLE_FORCE_COLOR: '0',
        ...(strategy && { ANSIBLE_STRATEGY: strategy }),
      },
    },
    counts: ofAnsible,
  })
  const hosts = fleetHosts(count).map(({ name }) => name)
  return {
    first: level1('level 1, first apply', [whole]),
    converged: level1('level 1, converged', [whole]),
    check: level1('level 1, check', [whole], '--check'),
    pairsFirst: level1('level 1, from one cluster to clusters of two', pairs),
    pairs: level1('level 1 of clusters of two, converged', pairs),
    teardown: {
      ...level1('teardown', [whole]),
      program: node(zx, 'playbooks/teardown.mts', '-i', whole, '--yes', '--json'),
    },
    bare: overSsh2('connect and `uname`, ssh2'),
    scriptFirst: overSsh2('one script, ssh2, first apply', 'work'),
    script: overSsh2('one script, ssh2, converged', 'work'),
    undo: overSsh2('undo', 'undo'),
    openssh: {
      name: 'one script, OpenSSH, converged',
      program: { words: ['bash', script('openssh'), fleetSshConfig, script('work'), ...hosts] },
      counts: ofScript,
    },
    ansibleFirst: byAnsible('Ansible, first apply'),
    ansible: byAnsible('Ansible, converged'),
    mitogen: byAnsible('Ansible with mitogen, converged', 'mitogen_linear'),
  } satisfies Record<string, Contender>
}

export type Key = keyof ReturnType<typeof contendersOf>
