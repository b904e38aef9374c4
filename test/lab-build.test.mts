// A kernel that is built in the background: what the lab says of it, and that nothing of it stays. In a checkout of its own.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { root } from './run-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'lab-build-'))
test.after(() => rmSync(folder, { recursive: true }))
for (const name of ['engine', 'inventory', 'lab', 'package.json'])
  cpSync(join(root, name), join(folder, name), { recursive: true })
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
const program = join(folder, 'lab/lab.mts')
const cache = join(folder, 'cache')
mkdirSync(join(cache, 'keepalived-playbooks'), { recursive: true })

function lab(word: string): string[] {
  const env = { ...process.env, XDG_CACHE_HOME: cache }
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, word], {
    cwd: folder,
    encoding: 'utf8',
    env,
  })
  assert.equal([status, stderr], [0, ''])
  return stdout.trim().split('\n').filter(Boolean)
}
const notRunning = 'the lab is not running: npm run lab -- up'

test('status says how far the kernel is, and down stops its build and says that it is not done', async () => {
  // What builds, as the lab starts it, but for the building.
  const build = spawn('bash', ['-c', 'sleep 600; :', program, 'kernel', '--in-background'], { detached: true })
  const ended = once(build, 'exit')
  await once(build, 'spawn')
  writeFileSync(
    join(cache, 'keepalived-playbooks/kernel.log.progress'),
    'building the kernel\n   15 s  compiling\n   30 s  412 of about 890 files\n',
  )
  assert.equal(lab('status'), [
    'the kernel of faster machines is being built: 30 s  412 of about 890 files',
    notRunning,
  ])
  assert.equal(lab('down'), [
    'the kernel of faster machines is not built yet: the next up goes on with it. To wait for it: npm run lab -- kernel',
  ])
  assert.equal(await ended, [null, 'SIGKILL'])
  assert.equal([lab('status'), lab('down')], [[notRunning], []])
})

test.run()
