// The host lock against a real sshd in a network of its own: cables that are cut, commands that go on, disks that take nothing.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Host } from '../../inventory/types.ts'
import { realClock } from '../../engine/base/clock.ts'
import type { RunContext } from '../../engine/cli/main.ts'
import { HostLocks } from '../../engine/cluster/host-locks.ts'
import { type Note, writeNote } from '../../engine/cluster/rolling-note.ts'
import type { Session } from '../../engine/cluster/session.ts'
import type { ClusterControl } from '../../engine/operations/control.ts'
import { NodeSteps } from '../../engine/operations/rolling/node-steps.ts'
import type { Transport } from '../../engine/transport/transport.ts'
import { reach } from './reach.ts'
import { needRoot } from '../root.ts'
import { type Sshd, startSshd } from './sshd.ts'

needRoot('real')
// This machine's network is left alone: sshd has one of its own, and so have the tests.
if (!process.env.TEST_SSHD) {
  const own = await startSshd({ address: '0.0.0.0', alone: true })
  const env = { ...process.env, TEST_SSHD: JSON.stringify(own) }
  const words = ['--net', process.execPath, process.argv[1]!]
  const [code] = await once(spawn('unshare', words, { stdio: 'inherit', env }), 'exit')
  await own.stop()
  process.exit(code ?? 1)
}
const sshd: Sshd = JSON.parse(process.env.TEST_SSHD)

const ip = (...words: string[]) => execFileSync('ip', words)
const there = (...words: string[]) => execFileSync('nsenter', ['--net', '--target', String(sshd.pid), 'ip', ...words])

/** Lays a cable to the host. @returns the host's address at its end */
function lay(cable: string, network: string): string {
  ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', cable, 'netns', String(sshd.pid))
  ip('address', 'add', `${network}.1/24`, 'dev', cable)
  ip('link', 'set', cable, 'up')
  there('address', 'add', `${network}.2/24`, 'dev', cable)
  there('link', 'set', cable, 'up')
  return `${network}.2`
}

/** Seconds between two signs of life: a fifth of what a host waits for them. */
const beat = 2

const transports: Transport[] = []
async function by(host: string): Promise<Transport> {
  const transport = await reach(sshd, { host, keepalive: beat, known: `[${host}]:${sshd.port} ${sshd.hostKey}\n` })
  transports.push(transport)
  await transport.connect()
  return transport
}
const safe = await by(lay('safe', '10.98.0'))
test.after(async () => {
  for (const transport of transports) await transport.close()
})

const printed = async (script: string) => (await safe.run(script, { timeout: 20 })).stdout.toString()

/** Takes a lock. @returns the locks, and what releases them */
async function take(folder: string, transport: Transport, author = 'ann') {
  let release: () => unknown = () => {}
  const atEnd = (action: () => unknown) => {
    release = action
  }
  const context = { atEnd } as RunContext
  const session = { inventory: { hosts: [{ name: 'ns1' }] }, reach: () => transport } as unknown as Session
  const run = { id: 'x', by: author, folder, scope: 'cluster' }
  const locks = await HostLocks.take(context, session, run, beat)
  return { locks, release: () => release() }
}

/** Why a lock is not to be had; undefined where it is. */
const whyNot = (folder: string) =>
  take(folder, safe, 'bob').then(
    async ({ release }) => void (await release()),
    ({ message }: Error) => message,
  )

async function freed(folder: string): Promise<void> {
  // Limits of TCP are far beyond.
  for (const began = Date.now(); await whyNot(folder); await wait(500))
    assert.ok(Date.now() - began < 60_000, 'it is not freed')
}

test('another run is named, and the lock is free when it has ended', async () => {
  const { release } = await take('/srv/plain', safe)
  assert.is(await whyNot('/srv/plain'), 'another run is at work on ns1: ann. Try again when it has ended')
  await release()
  assert.is(await whyNot('/srv/plain'), undefined)
})

test('a note is for the next run, and for root alone', async () => {
  const note: Note = { by: "it's me", state: 'begun', drained: false, reboot: true, known: [] }
  const first = await take('/srv/note', safe)
  await safe.run(writeNote('/srv/note', note).text, { timeout: 20 })
  await first.release()
  assert.is(await printed('stat -c %a /srv/note/rolling'), '600\n')
  const next = await take('/srv/note', safe)
  assert.equal([...next.locks.notes()], [['ns1', note]])
  await safe.run(writeNote('/srv/note', undefined).text, { timeout: 20 })
  await next.release()
  assert.is(await printed('ls /srv/note'), 'lock\n')
})

test('a cable that is cut frees the lock, and no lock of others', async () => {
  const kept = await take('/srv/kept', safe)
  const { locks } = await take('/srv/cut', await by(lay('cable', '10.98.1')))
  ip('link', 'set', 'cable', 'down')
  assert.match((await whyNot('/srv/cut'))!, 'another run is at work on ns1: ann')
  await freed('/srv/cut')
  assert.throws(() => locks.ensureHeld(), 'the lock of ns1 was lost')
  kept.locks.ensureHeld()
  assert.match((await whyNot('/srv/kept'))!, 'ann')
  await kept.release()
})

/** The steps of a node that is reached like this. */
const stepsBy = (transport: Transport) =>
  new NodeSteps(
    { reach: () => transport, session: { clock: realClock } } as unknown as ClusterControl,
    { name: 'ns1' } as Host,
    { drain: 1, boot: 1 },
  )
const failure = (work: Promise<unknown>) => work.then(String, ({ message }: Error) => message)

test('a command that takes too long goes on, and under the lock', async () => {
  const own = await by('10.98.0.2')
  await take('/srv/command', own)
  const command = 'until [ -e /srv/go ]; do sleep 0.1; done; touch /srv/done'
  const message = await failure(stepsBy(own).command(command, 'ann with an update', 3))
  assert.match(message, /took longer than 3 s and goes on there/)
  assert.match((await whyNot('/srv/command'))!, 'another run is at work on ns1: ann')
  const again = await failure(stepsBy(safe).command('true', 'bob', 20))
  assert.is(again, 'the command of an earlier run is still at work: ann with an update')
  await printed('touch /srv/go')
  await freed('/srv/command')
  assert.is(await printed('ls /srv/done'), '/srv/done\n')
})

test('a disk that takes nothing is told as such', async () => {
  await printed(`
    mkdir -p /mnt/readonly /mnt/full
    mount -t tmpfs tmpfs /mnt/full -o size=8k
    head -c 100000 /dev/zero >/mnt/full/all 2>/dev/null
    mount -t tmpfs tmpfs /mnt/readonly; mkdir /mnt/readonly/state; echo 'ann, 3 days ago' >/mnt/readonly/state/lock
    mount -o remount,ro /mnt/readonly`)
  assert.match((await whyNot('/mnt/readonly/state'))!, /^ns1 can't be locked: .*Read-only file system/s)
  assert.match((await whyNot('/mnt/readonly/other'))!, /^ns1 can't be locked: .*Read-only file system/s)
  assert.match((await whyNot('/mnt/full/state'))!, /^ns1 can't be locked: .*No space left on device/s)
})

test('an order to reboot that is refused is told at once', async () => {
  const message = await failure(stepsBy(safe).reboot('before'))
  assert.match(message, /^ns1 did not take the order to reboot: ./)
})

test('a host that may go back by itself is not locked, since no reboot may meet that', async () => {
  const folder = await printed('mktemp -d')
  const state = folder.trim()
  await safe.run(`cd ${state} && mkdir -p journal/run-1 && echo carl >journal/run-1/by && echo 'run-1 77' >confirm`, {
    timeout: 20,
  })
  const waiting: Transport = {
    ...safe,
    run: (script, how) => safe.run(`systemctl() { echo keepalived-playbooks-confirm-1.timer; }\n${script}`, how),
  }
  const refused = await take(state, waiting).catch(({ message }: Error) => message)
  assert.is(refused, "ns1 can't be locked: not confirmed yet, and undone soon: the run of carl")
  await (await take(state, safe)).release()
})

test('a reboot that a program blocks is not ordered, and the program is named', async () => {
  await printed(`
    cd /usr/local/bin
    printf '#!/bin/sh\\necho s \\"shutdown:sleep\\"' >busctl
    printf '#!/bin/sh\\necho "dnf 0 root 7 dnf shutdown:sleep updating packages block"\\necho "x 0 root 8 x shutdown y delay"' >systemd-inhibit
    printf '#!/bin/sh\\ntouch /srv/ordered' >systemd-run
    chmod 755 busctl systemd-inhibit systemd-run`)
  const message = await failure(stepsBy(safe).reboot('before'))
  assert.is(
    message,
    'ns1 did not take the order to reboot: a program blocks it:\ndnf 0 root 7 dnf shutdown:sleep updating packages block',
  )
  assert.is(await printed('ls /srv | grep ordered || true'), '')
})

test.run()
