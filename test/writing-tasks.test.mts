// The task of docs/writing-tasks.md, as the engine runs it on a host: announced, made, nothing left, another value, given back.
import { existsSync, lstatSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Listed, Task } from '../engine/runner/task.ts'
import { folder, host, inFreshFolders, options, path, runHost, silent, untimed } from './engine-host.ts'

inFreshFolders()

// Examples import the package; here it is the source, and test/integration/package.test.mts has it packed.
registerHooks({
  resolve: (name, context, next) =>
    next(name === 'keepalived-playbooks' ? new URL('../index.ts', import.meta.url).href : name, context),
})
type Link = (path: string, target: string) => Task
const { link }: { link: Link } = await import(new URL('../examples/link.ts', import.meta.url).href)

const run = (tasks: Listed[], check = false) => runHost(host(tasks), { ...options, check }, silent)
const at = path("it's a link")
const to = (target: string) => link(at, target)

test('a link is announced, made, and then nothing is left to do', async () => {
  const announced = await run([to('/one')], true)
  assert.is(announced.status, 'would change')
  assert.not.ok(existsSync(folder))
  const made = await run([to('/one')])
  assert.is(made.status, 'changed')
  assert.equal(untimed(made.changes), announced.changes)
  assert.is(readlinkSync(at), '/one')
  assert.is((await run([to('/one')])).status, 'ok')
})

test('a link of the host is led elsewhere, and back when the playbook no longer lists it', async () => {
  mkdirSync(folder)
  symlinkSync('/before', at)
  assert.is((await run([to('/one')])).status, 'changed')
  assert.is((await run([to('two words')])).status, 'changed')
  assert.is(readlinkSync(at), 'two words')
  assert.is((await run([])).status, 'changed')
  assert.is(readlinkSync(at), '/before')
})

test('a link that was not there is gone when the playbook no longer lists it', async () => {
  await run([to('/one')])
  assert.is((await run([])).status, 'changed')
  assert.not.ok(lstatSync(at, { throwIfNoEntry: false }))
})

test('what is no link stays as it is', async () => {
  mkdirSync(folder)
  writeFileSync(at, 'mine')
  const refused = await run([to('/one')], true)
  assert.is(refused.status, 'failed')
  assert.is(refused.failure!.reason, `${at} is there and no link: move it away`)
  assert.ok(lstatSync(at).isFile())
})

test.run()
