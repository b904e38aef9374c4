import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { keepCompiled } from '../engine/base/compiled.ts'

const test = suite('What Node has compiled')
const folder = mkdtempSync(join(tmpdir(), 'compiled-'))
const { XDG_CACHE_HOME } = process.env
delete process.env.XDG_CACHE_HOME
test.after(() => {
  rmSync(folder, { recursive: true })
  if (XDG_CACHE_HOME) process.env.XDG_CACHE_HOME = XDG_CACHE_HOME
})

test('kept in a folder of ours, and nowhere that others write to', () => {
  const kept = join(folder, '.cache/keepalived-playbooks/compiled')
  assert.is(keepCompiled(folder), kept)
  assert.ok(existsSync(kept))
  chmodSync(kept, 0o777)
  assert.is(keepCompiled(folder), undefined)
})

test('nothing is left in a home that is not ours alone, nor where there is none', () => {
  const open = join(folder, 'open')
  mkdirSync(open)
  chmodSync(open, 0o777)
  assert.is(keepCompiled(open), undefined)
  assert.not.ok(existsSync(join(open, '.cache')))
  assert.is(keepCompiled(join(folder, 'absent')), undefined)
})

test.run()
