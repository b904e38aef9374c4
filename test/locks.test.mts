// The lock of a host, held by a real bash for longer than one execution.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { HostLocks, type Note, writeNote } from '../engine/cluster/host-locks.ts'
import type { Session } from '../engine/cluster/session.ts'
import { realClock } from '../engine/base/clock.ts'
import type { RunContext } from '../engine/cli/main.ts'
import { localTransport } from '../engine/transport/local.ts'
import type { Transport } from '../engine/transport/transport.ts'
import { inventoryOf } from './variants.ts'

const base = mkdtempSync(join(tmpdir(), 'locks-'))
test.after(() => rmSync(base, { recursive: true }))
const folder = join(base, 'state')
const run = { id: '1', by: 'a rolling reboot', folder, scope: 'cluster' }
const two =
  'cluster: { vip: 10.2.1.5, network: 10.2.1.0/24 }\nhosts: { ns1: { address: 10.2.1.2 }, ns2: { address: 10.2.1.3 } }'
const whole = inventoryOf(two)
const inventory = { ...whole, hosts: whole.hosts.slice(0, 1) }

/** Takes the lock of a host. @returns the notes that it had, and what a run does at its end */
async function take(transport: Transport): Promise<{ notes: Map<string, Note>; end: () => Promise<void> }> {
  const session: Session = {
    inventory,
    limited: inventory.hosts,
    reach: () => transport,
    clients: [],
    clock: realClock,
  }
  let end = async () => {}
  const context = { atEnd: (work: () => Promise<void>) => (end = work) } as unknown as RunContext
  const locks = await HostLocks.take(context, session, run)
  return { notes: locks.notes(), end }
}

const isFree = () => spawnSync('flock', ['-n', join(folder, 'lock'), 'true']).status === 0

test('a lock is held until the run ends; who comes meanwhile is told by whom', async () => {
  const { end } = await take(localTransport())
  assert.not.ok(isFree())
  const error: Error = await take(localTransport()).catch((problem) => problem)
  assert.is(error.message, 'another run is at work on ns1: a rolling reboot. Try again when it has ended')
  await end()
  assert.ok(isFree())
})

test('a note is for the next run, and for root alone', async () => {
  const note: Note = { by: "it's me", state: 'begun', drained: false, reboot: true, known: [] }
  mkdirSync(folder, { recursive: true })
  const transport = localTransport()
  const write = (kept: Note | undefined) => transport.run(writeNote(folder, kept).text, { timeout: 60 })
  await write(note)
  assert.is(spawnSync('stat', ['-c', '%a', join(folder, 'rolling')], { encoding: 'utf8' }).stdout, '600\n')
  const { notes, end } = await take(transport)
  await end()
  assert.equal([...notes], [['ns1', note]])
  await write(undefined)
  assert.not.ok(existsSync(join(folder, 'rolling')))
})

test('after a boot the process id of the lock may be another program’s: that one lives on', async () => {
  const stranger = spawn('sleep', ['300'])
  writeFileSync(join(folder, 'lock'), '')
  const rebooted: Transport = {
    ...localTransport(),
    run: async (script, options) => {
      if (!script.includes('flock -n 9')) return localTransport().run(script, options)
      options.onStdout!(Buffer.from(`held ${stranger.pid}\n\n\nready\n`))
      // The connection is lost later: with the boot.
      await new Promise((resolve) => setImmediate(resolve))
      throw new Error('lost')
    },
  }
  const { end } = await take(rebooted)
  await end()
  assert.is(stranger.exitCode, null)
  assert.not.ok(stranger.killed)
  const ended = once(stranger, 'exit')
  assert.ok(process.kill(stranger.pid!, 0))
  stranger.kill('SIGINT')
  assert.equal(await ended, [null, 'SIGINT'])
})

test.run()
