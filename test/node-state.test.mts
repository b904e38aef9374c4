// What runs on a node for status and the cluster check, in real bash: only systemd, the journal and the service are made up.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { sh } from '../engine/base/sh.ts'
import { journalScript, parseErrors } from '../engine/cluster/journal.ts'
import { nodeStateScript, parseNodeState } from '../engine/cluster/node-state.ts'
import { watching, watchScript } from '../engine/verify/watch.ts'
import { loadInventory } from '../inventory/load.ts'

const inventory = loadInventory(new URL('../inventory/example.yaml', import.meta.url).pathname, { level: 3 })
const { cluster, hosts } = inventory
const folder = mkdtempSync(join(tmpdir(), 'node-'))
test.after(() => rmSync(folder, { recursive: true }))

/** The script with the places of a node in a folder. */
const here = (script: string) => script.replaceAll(/\/(etc\/keepalived|run)\b/g, `${folder}`)

interface Node {
  /** What keepalived has logged, the newest first; the notify script's last state; what dig prints, by address. */
  log?: string[]
  notified?: string
  dig?: Record<string, string>
  level?: number
  /** What systemctl says of the service: is-active, its sockets, and theirs. */
  systemctl?: string
}

const answer =
  ';; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\nhealth.load.balance. 3600 IN TXT "=nameserver-1="'

function stateOf({ log = [], notified = 'BACKUP', dig = {}, level = 3, systemctl = 'echo active' }: Node) {
  const line = `[2026-01-01T00:00:00+00:00] /etc/keepalived/keepalived-notify.sh INSTANCE VI_1 ${notified} 100\n`
  writeFileSync(join(folder, 'keepalived.INSTANCE.VI_1.state'), line)
  writeFileSync(
    join(folder, 'keepalived.conf'),
    `# Written by keepalived-playbooks for level ${level}; changes by hand are replaced by the next run.\n`,
  )
  const answers = Object.entries(dig).map(([address, text]) => sh`@${address}) echo ${text} ;;`.text)
  const madeUp = `
systemctl() {
  case $* in *InvocationID*) echo 0123 ;; *keepalived) echo active ;; *) ${systemctl} ;; esac
}
journalctl() { ${sh`printf '%s\n' ${log}`.text}; }
dig() { case $1 in ${answers.join('\n')} *) echo ${sh`${answer}`.text} ;; esac; }
ip() { :; }
ipvsadm() { :; }`
  const script = here(nodeStateScript(cluster, hosts[0]!).text)
  const { stdout } = spawnSync('bash', ['-c', `${madeUp}\n${script}`], { encoding: 'utf8' })
  return parseNodeState(hosts[0]!, cluster, stdout)
}

const started = 'Startup complete'
const vrrp: [name: string, node: Node, state: string][] = [
  ['the log tells', { log: ['(VI_1) sent 0 priority', '(VI_1) Entering FAULT STATE'] }, 'FAULT'],
  ['the newest counts', { log: ['(VI_1) Entering MASTER STATE', '(VI_1) Entering BACKUP STATE'] }, 'MASTER'],
  [
    'notify scripts that overtook each other',
    { log: ['(VI_1) Entering BACKUP STATE', '(VI_1) Entering FAULT STATE'], notified: 'FAULT' },
    'BACKUP',
  ],
  ['a link that is down at the start', { log: [started, '(VI_1) entering FAULT state'] }, 'FAULT'],
  ['a script that fails at the start, of which nothing is logged', { log: [started], notified: 'FAULT' }, 'FAULT'],
  ['another instance', { log: ['(VI_2) Entering MASTER STATE'] }, 'BACKUP'],
  [
    'stopped',
    { log: ['Stopped Keepalived v2.2.7 (01/16,2022)', '(VI_1) Entering MASTER STATE'], notified: 'STOP' },
    'STOP',
  ],
]
for (const [name, node, state] of vrrp) {
  test(`VRRP state: ${name}`, () => assert.is(stateOf(node).instances.VI_1!.state, state))
}

const units: [name: string, systemctl: string, state: string][] = [
  ['it loads its configuration again', 'echo reloading', 'active'],
  ['the same, in newer words', 'echo refreshing', 'active'],
  ['it starts', 'echo activating', 'activating'],
  ['there is no systemd to ask', 'false', 'unknown'],
  [
    'its first client starts it',
    'case $* in *TriggeredBy*) echo named.path named.socket ;; *named.socket) true ;; *) echo inactive; false ;; esac',
    'active',
  ],
  [
    'nobody listens for it',
    'case $* in *TriggeredBy*) echo named.path named.socket ;; *named.path) true ;; *) echo inactive; false ;; esac',
    'inactive',
  ],
  [
    'it has failed',
    'case $* in *TriggeredBy*) echo named.socket ;; *.socket) true ;; *) echo failed; false ;; esac',
    'failed',
  ],
]
for (const [name, systemctl, state] of units)
  test(`the unit of a service: ${name}`, () => assert.equal(stateOf({ systemctl }).services, { named: state }))

test('the journal is asked for units by their own names', () => {
  const madeUp = `
systemctl() { printf 'mariadb.service\n\nkeepalived.service\n'; }
journalctl() { [[ $* != *--unit=mariadb.service*--unit=keepalived.service* || $* = *mysql* ]] || echo '{"MESSAGE":"no space"}'; }`
  const { stdout } = spawnSync('bash', ['-c', `${madeUp}\n${journalScript(['mysql', 'keepalived'], 1).text}`], {
    encoding: 'utf8',
  })
  assert.equal(parseErrors(stdout), ['no space'])
})

const [first, second] = [hosts[0]!.address, hosts[0]!.second!.address]
const silent = (address: string, why: string) => ({
  service: 'dns',
  address,
  why: `named does not answer for health.load.balance on ${address} (${why})`,
})
const refusedError = (address: string) => `;; communications error to ${address}#53: connection refused`
const asked: [name: string, node: Node, expected: unknown[]][] = [
  ['it answers', {}, []],
  [
    'the zone is not served',
    { dig: { [first]: ';; ->>HEADER<<- opcode: QUERY, status: REFUSED, id: 7' } },
    [silent(first, 'REFUSED')],
  ],
  [
    'it does not listen on the second address',
    { dig: { [second]: `${refusedError(second)}\n${refusedError(second)}\n;; no servers could be reached` } },
    [silent(second, 'connection refused')],
  ],
  ['no client comes by the second address', { dig: { [second]: 'no' }, level: 2 }, []],
  [
    'another name server answers',
    { dig: { [first]: answer.replace('nameserver-1', 'nameserver-2') } },
    [silent(first, 'no record =nameserver-1=')],
  ],
  ['dig itself says no', { dig: { [first]: 'dig: command not found' } }, [silent(first, 'dig: command not found')]],
]
for (const [name, node, expected] of asked) {
  test(`the service on its own addresses: ${name}`, () => assert.equal(stateOf(node).silent, expected))
}

test('two watches at once: the log stays on until the last one ends, and is as it was then', async () => {
  const log = join(folder, 'log')
  const sightings = {
    isOn: sh`[ -e ${log} ]`,
    on: sh`touch ${log}`,
    off: sh`rm ${log}`,
    print: () => sh`true`,
  }
  const watch = async (tag: string) => {
    const process = spawn('bash', ['-c', here(watchScript([{ name: 'dns', sightings }], tag, 60, 3, [3]).text)])
    await new Promise<void>((resolve) => process.stdout.on('data', (data) => `${data}`.includes(watching) && resolve()))
    return async () => {
      const ended = new Promise((resolve) => process.on('exit', resolve))
      writeFileSync(join(folder, `${tag}.end`), '')
      await ended
    }
  }
  for (const before of [false, true]) {
    if (before) writeFileSync(log, '')
    const [one, other] = [await watch('one'), await watch('other')]
    await one()
    assert.ok(existsSync(log))
    await other()
    assert.is(existsSync(log), before)
  }
})

test('a log that can not be turned on: the watch says why', () => {
  const sightings = {
    isOn: sh`false`,
    on: sh`echo 'rndc: connect failed' >&2; false`,
    off: sh`false`,
    print: () => sh`true`,
  }
  const script = here(watchScript([{ name: 'dns', sightings }], 'tag', 0, 3, [3]).text)
  assert.match(spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout, /^blind=rndc: connect failed$/m)
})

test.run()
