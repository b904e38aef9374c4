// A playbook as a program: how it ends, and what Ctrl-C does.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Documents } from '../../documents/all.ts'
import { checked } from '../documents.ts'

const folder = mkdtempSync(join(tmpdir(), 'main-'))
test.after(() => rmSync(folder, { recursive: true }))
const engine = new URL('../../engine/', import.meta.url).href

const zx = fileURLToPath(new URL('../../node_modules/zx/build/cli.js', import.meta.url))

/** Writes a playbook with this title and body. @returns its path */
function write(name: string, title: string, body: string, imports = ''): string {
  const script = join(folder, name)
  mkdirSync(dirname(script), { recursive: true })
  writeFileSync(
    script,
    `import { setTimeout as sleep } from 'node:timers/promises'
import { main } from '${engine}cli/main.ts'
import { UserError } from '${engine}base/errors.ts'
${imports}
await main(import.meta.url, { title: '${title}', document: 'run', own: [] }, async (context) => {
${body}
})`,
  )
  return script
}

/** Runs a playbook with this body. */
const run = (body: string, ...args: string[]) => start(write('playbook.mts', 'A playbook', body), ...args)

/** Runs a program of Node's, and presses Ctrl-C whenever it prints the line `now`. */
function start(...words: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, words)
    let [stdout, stderr] = ['', '']
    const onNow = (chunk: Buffer) => /^now$/m.test(String(chunk)) && child.kill('SIGINT')
    child.stdout.on('data', (chunk) => {
      stdout += chunk
      onNow(chunk)
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
      onNow(chunk)
    })
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

test('an error is a line, and its exit code that of the playbook', async () => {
  const { code, stdout, stderr } = await run(`throw new UserError('no such thing', 4)`)
  assert.equal([code, stdout, stderr], [4, 'A playbook\n', 'no such thing\n'])
})

test('a password that nobody gives is a failure, before anything is done', () => {
  const inventory = join(folder, 'i.yaml')
  const text =
    'cluster: { vip: 192.0.2.5, network: 192.0.2.0/24 }\nhosts: { a: { address: 192.0.2.2 }, b: { address: 192.0.2.3 } }\n'
  writeFileSync(inventory, text)
  const words = [zx, fileURLToPath(new URL('../../playbooks/verify.mts', import.meta.url)), '-i', inventory]
  const asked = (input: string, ...more: string[]) =>
    spawnSync(process.execPath, [...words, ...more], { encoding: 'utf8', input })
  const none = asked('', '--ask-pass')
  assert.equal([none.status, /no answer to "SSH password:" on stdin/.test(none.stderr)], [3, true])
  const one = asked('secret\n', '--ask-pass', '--ask-become-pass')
  assert.equal([one.status, /no answer to "sudo password:" on stdin/.test(one.stderr)], [3, true])
})

test('what never comes to its end has failed', async () => {
  const { code, stderr } = await run('await new Promise(() => {})')
  assert.equal([code, stderr], [1, 'ended before it was done: nothing answers any more\n'])
})

test('without a shell around it, as from cron: what .bashrc prints is not what a command prints', async () => {
  writeFileSync(join(folder, '.bashrc'), 'echo from .bashrc\n')
  const script = write(
    'cron.mts',
    'It',
    'context.console.print((await $({ quiet: true })`echo hi`).stdout.trim())',
    `import { $ } from '${import.meta.resolve('zx/core')}'`,
  )
  const env = { HOME: folder, PATH: process.env.PATH }
  assert.is(spawnSync(process.execPath, [script], { encoding: 'utf8', env }).stdout, 'It\nhi\n')
})

test('--json: whatever happens, one document on stdout that says how it ended', async () => {
  const ends: [body: string, args: string[], document: Partial<Documents['run']>][] = [
    ['return 2', [], { exitCode: 2 }],
    [`throw new UserError('no such thing', 4)`, [], { exitCode: 4, error: 'no such thing' }],
    ['return 0', ['--nonsense'], { exitCode: 3, error: 'unknown option --nonsense; see --help' }],
    [
      `context.document.check = true; context.console.print('now'); await sleep(9999)`,
      [],
      { exitCode: 130, check: true },
    ],
  ]
  for (const [body, args, document] of ends) {
    const { code, stdout } = await run(body, '--json', ...args)
    assert.equal(checked('run', JSON.parse(stdout)), { document: 'run', playbook: 'A playbook', ...document })
    assert.is(code, document.exitCode)
  }
})

test('Ctrl-C: what goes on is let go, and nothing more is begun', async () => {
  const { code, stdout, stderr } = await run(`
    context.underWay = () => ['the first']
    context.atEnd(() => sleep(300))
    context.console.print('now')
    while (!context.interrupted) await sleep(10)
    await context.checkpoint()
    context.console.print('the second')
    return 0`)
  assert.equal([code, stderr], [130, ''])
  assert.match(stdout, /interrupted; .*nothing more is begun\n {2}the first\n$/)
})

test('Ctrl-C: what breaks since everything is closed is not told', async () => {
  const { code, stderr } = await run(`
    context.atEnd(() => sleep(300))
    context.console.print('now')
    while (!context.interrupted) await sleep(10)
    throw new UserError('the connection is closed')`)
  assert.equal([code, stderr], [130, ''])
})

test('Ctrl-C while things are closed: the run has ended as it has', async () => {
  const { code } = await run(`
    context.atEnd(async () => {
      context.console.print('now')
      while (!context.interrupted) await sleep(10)
    })
    return 5`)
  assert.is(code, 5)
})

for (const name of ['a playbook.mts', 'level1.ts', 'site.js', 'site.mjs'])
  for (const program of [[], [zx]])
    test(`${name} is started by ${program.length > 0 ? 'zx' : 'node'}, by its own name or that of a link`, async () => {
      const script = write(name, 'It', 'return context.options.limit ? 4 : 1')
      const link = join(folder, `link-to-${name}`)
      rmSync(link, { force: true })
      symlinkSync(script, link)
      for (const word of [script, link]) assert.is((await start(...program, word, '--limit', 'ns1')).code, 4)
    })

test('a playbook that imports another of the same name runs alone', async () => {
  write('theirs/level1.mts', 'Theirs', 'return 4')
  const { code, stdout } = await start(write('ours/level1.mts', 'Ours', 'return 5', `import '../theirs/level1.mts'`))
  assert.equal([code, stdout], [5, 'Ours\n'])
})

test('a user without a name, as in some containers, is told what to do', () => {
  const script = fileURLToPath(new URL('../../playbooks/level1.mts', import.meta.url))
  const inventory = fileURLToPath(new URL('../../inventory/example.yaml', import.meta.url))
  const words = ['--map-user=54321', process.execPath, script, '--inventory', inventory, '--check', '--no-verify']
  const { status, stderr } = spawnSync('unshare', words, { encoding: 'utf8', env: { ...process.env, HOME: folder } })
  assert.is(status, 3)
  assert.match(
    stderr,
    /^the user here \(uid 54321\) has no name, which ssh needs: give it a line in \/etc\/passwd, then run again$/m,
  )
})

test.run()
