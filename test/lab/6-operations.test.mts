// A cluster in operation, on real machines: rolling reboots under questions, what stops them, status, drills.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from './suite.ts'
import * as assert from 'uvu/assert'
import type { ProberAccount } from '../../cluster/prober.ts'
import {
  asked,
  disconnect,
  holder,
  holderWithin,
  killedAt,
  labInventory,
  meanwhile,
  nodes,
  on,
  other,
  playbook,
  type Run,
  resetWithPackages,
  startLab,
  until,
} from './cluster.ts'

test.before(async () => {
  await startLab()
  await resetWithPackages()
})
test.after(() => disconnect())

/**
 * Nobody waited in vain. An emulated machine that shares two cores with a booting one now and then takes longer than a
 * second to answer; that says nothing of the cluster.
 */
function assertNothingLost({ UDP, TCP }: Pick<ProberAccount, 'UDP' | 'TCP'>): void {
  assert.equal({ UDP: UDP.lost - UDP.slow, TCP: TCP.lost - TCP.slow }, { UDP: 0, TCP: 0 })
  assert.ok(UDP.slow <= UDP.sent / 50 && TCP.slow <= TCP.sent / 50, `${UDP.slow} and ${TCP.slow} came late`)
}

/** Runs a playbook while somebody else than the playbook asks as well. */
async function watched(name: string, ...args: string[]): Promise<{ run: Run; seen: ProberAccount }> {
  let run: Run | undefined
  const seen = await asked('remote', async () => {
    await disconnect(nodes)
    run = await playbook(name, ...args)
  })
  assert.is(run!.code, 0, run!.text)
  return { run: run!, seen }
}

/** Six connections that each ask twice a second for twenty seconds. */
const talkOverTcp = `python3 - <<'END'
import socket, struct, time
query = struct.pack('>6H', 7, 0, 1, 0, 0, 0) + b'\\x06health\\x04load\\x07balance\\0' + struct.pack('>2H', 16, 1)
sockets = [socket.create_connection(('10.2.1.5', 53), 5) for _ in range(6)]
broken = set()
for _ in range(40):
    for i, one in enumerate(sockets):
        try:
            one.settimeout(5)
            one.sendall(struct.pack('>H', len(query)) + query)
            if len(one.recv(512)) < 12: broken.add(i)
        except OSError:
            broken.add(i)
    time.sleep(0.5)
print(len(sockets), 'connections,', len(broken), 'broken')
END`

/** The lab's inventory with something more in `cluster`. */
function inventoryWith(more: string): string {
  const file = join(tmpdir(), `inventory-${process.pid}.yaml`)
  const folder = new URL('../../.lab/', import.meta.url).pathname
  const text = readFileSync(labInventory, 'utf8').replace('../.lab/', folder)
  writeFileSync(file, text.replace('cluster:\n', `cluster:\n  ${more}\n`))
  return file
}

/** Flags that are still up, and notes of a rolling reboot. */
const whatIsLeft = `
grep -s 1 /etc/keepalived/standby /etc/keepalived/drain/* || true
ls -d /var/lib/keepalived-playbooks/rolling 2>/dev/null || true`

const bootIds = () => Promise.all(nodes.map((node) => on(node, 'cat /proc/sys/kernel/random/boot_id')))

for (const level of [1, 2, 3]) {
  test(`rolling reboot at level ${level}: each node has rebooted, the holder last, and clients were answered`, async () => {
    assert.is((await playbook(`level${level}`)).code, 0)
    const [first, before] = [await holder(), await bootIds()]
    const { run, seen } = await watched('rolling-reboot')
    const after = await bootIds()
    assert.ok(nodes.every((_, i) => before[i] !== after[i]))
    const rebooted = run.document.steps!.filter(({ step }) => step === 'reboot').map(({ node }) => node)
    assert.equal(rebooted, [other(first), first])
    for (const account of [run.document.prober!, seen]) {
      // By TCP a question is asked every half second: a gap is seen that much too long.
      if (level === 1)
        assert.ok(account.UDP.gap <= 1 && account.TCP.gap <= 1.5, `${account.UDP.gap} and ${account.TCP.gap} s`)
      else assertNothingLost(account)
    }
    // Nothing is left behind, and nothing to change.
    for (const node of nodes) assert.is(await on(node, whatIsLeft), '')
    assert.is((await playbook(`level${level}`, '--check')).code, 0)
  })
}

test('open TCP connections survive a planned move of the VIP at level 3', async () => {
  const was = await holder()
  const talking = on('remote', talkOverTcp)
  await sleep(8000)
  await on(was, 'echo 1 >/etc/keepalived/standby')
  const said = await talking
  await on(was, 'echo 0 >/etc/keepalived/standby')
  assert.is(await holder(), other(was))
  assert.is(said.trim(), '6 connections, 0 broken')
})

test('rolling without a reboot, beside a second operator: nothing is lost, and the second is told who is at work', async () => {
  let second: Promise<Run> | undefined
  const seen = await asked('remote', async () => {
    const first = await meanwhile(
      / drain /,
      () => {
        second = playbook('rolling-reboot')
      },
      ...(['rolling-reboot', '--without-reboot', '--before', 'touch /run/was-here'] as const),
    )
    assert.is(first.code, 0, first.text)
    assertNothingLost(first.document.prober!)
  })
  assertNothingLost(seen)
  for (const node of nodes) await on(node, 'rm /run/was-here')
  assert.is((await second!).code, 1)
  assert.match(
    (await second!).text + (await second!).document.error,
    /another run is at work on ns\d: .*Rolling reboot/,
  )
})

test('a configuration change on a live cluster loses nothing', async () => {
  const { seen } = await watched('level3', '--no-verify', '--inventory', inventoryWith('health_check: { retries: 4 }'))
  assertNothingLost(seen)
  assert.is((await playbook('level3', '--no-verify')).code, 0)
})

test('a node that preempts takes the VIP back when it is put back, and nothing is lost', async () => {
  const preempting = ['--inventory', inventoryWith('preempt: true')]
  assert.is((await playbook('level3', '--no-verify', ...preempting)).code, 0)
  await holderWithin(30, 'ns1')
  const { run, seen } = await watched('rolling-reboot', '--without-reboot', ...preempting)
  assert.match(run.text, /ns1 {2}put back {6}it holds 10\.2\.1\.5 again/)
  assert.is(await holder(), 'ns1')
  for (const account of [run.document.prober!, seen]) assertNothingLost(account)
  assert.is((await playbook('level3', '--no-verify')).code, 0)
})

test('the controller killed in the middle: refused without --resume, and ended with it', async () => {
  await killedAt(/let work end/, 'rolling-reboot', '--without-reboot')
  // The hosts notice within seconds that nobody is there any more.
  await sleep(10_000)
  const again = await playbook('rolling-reboot', '--without-reboot')
  assert.is(again.code, 1)
  assert.match(again.document.error!, /was begun by .* and not ended; go on with it: --resume/)
  assert.is((await playbook('rolling-reboot', '--resume', '--without-reboot')).code, 3)
  const resumed = await playbook('rolling-reboot', '--resume')
  assert.is(resumed.code, 0, resumed.text)
  assert.ok(!resumed.document.steps!.some(({ step }) => step === 'reboot'))
  assert.is((await playbook('rolling-reboot', '--resume')).document.error, 'there is no rolling reboot to go on with')
})

test('a node that is not back in time, and then without its service: it stays drained until --resume sees it well', async () => {
  const node = other(await holder())
  const away = await playbook(
    'rolling-reboot',
    '--limit',
    node,
    '--boot-timeout',
    '2',
    '--before',
    'systemctl disable named',
  )
  assert.is(away.code, 4)
  assert.match(away.document.error!, `${node} did not come back within 2 s`)
  assert.match(away.document.error!, `holds 10.2.1.5 and serves`)
  await disconnect([node])
  await until(() => on(node, 'systemctl is-system-running --wait || true'))
  const unwell = await playbook('rolling-reboot', '--resume', '--limit', node)
  assert.is(unwell.code, 1)
  assert.match(unwell.document.error!, `${node} came back, but is not well: ${node}: named is inactive`)
  const status = await playbook('status')
  assert.is(status.code, 5)
  assert.match(status.text, `${node} is drained`)
  await on(node, 'systemctl enable -q --now named')
  const resumed = await playbook('rolling-reboot', '--resume', '--limit', node)
  assert.is(resumed.code, 0, resumed.text)
  assert.ok(!resumed.document.steps!.some(({ step }) => step === 'reboot'))
})

test('a VIP that does not move: the node is put back, and none is rebooted', async () => {
  const was = await holder()
  const vrrp = (signal: string) =>
    on(other(was), `kill -${signal} $(cat /run/keepalived/vrrp.pid 2>/dev/null || cat /run/vrrp.pid)`)
  await vrrp('STOP')
  const run = await playbook('rolling-reboot', '--limit', was, '--drain-timeout', '8')
  await vrrp('CONT')
  assert.is(run.code, 1)
  assert.match(run.document.error!, `10.2.1.5 did not move away from ${was} within 8 s`)
  assert.match(run.document.error!, `${was} was put back, and no node was rebooted`)
  await sleep(5000)
  const check = await playbook('verify')
  assert.is(check.code, 0, check.text)
})

test('status: healthy, and what is pending and wrong', async () => {
  const executions = () => on('ns1', 'journalctl -q -o cat -t sudo | grep -c COMMAND')
  const before = Number(await executions())
  const well = await playbook('status')
  assert.is(well.code, 0, well.text)
  // The second count is an execution itself.
  assert.ok(Number(await executions()) - before - 1 <= 3)
  assert.match(well.text, /healthy: ns\d holds 10\.2\.1\.5/)
  await on('ns1', 'rm /etc/modules-load.d/ip_vs.conf; systemctl stop named')
  const unwell = await playbook('status')
  await on('ns1', 'systemctl start named')
  assert.is(unwell.code, 5)
  assert.match(unwell.text, 'not healthy: ns1: named is inactive')
  assert.match(unwell.text, 'file /etc/modules-load.d/ip_vs.conf')
  assert.is((await playbook('level3', '--no-verify')).code, 0)
})

test.run()
