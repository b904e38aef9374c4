// A playbook as a program: how it ends, and what Ctrl-C does.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const folder = mkdtempSync(join(tmpdir(), 'main-'))
test.after(() => rmSync(folder, { recursive: true }))
const runner = new URL('../runner/', import.meta.url).href

/** Runs a playbook with this body, and presses Ctrl-C whenever it prints `now`. */
function run(body: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const script = join(folder, 'playbook.mts')
  writeFileSync(
    script,
    `import { setTimeout as sleep } from 'node:timers/promises'
import { main } from '${runner}main.ts'
import { UserError } from '${runner}errors.ts'
await main('A playbook', [], async (stage) => {
${body}
})`,
  )
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script])
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk) => {
      stdout += chunk
      if (String(chunk).includes('now')) child.kill('SIGINT')
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

test('an error is a line, and its exit code that of the playbook', async () => {
  const { code, stdout, stderr } = await run(`throw new UserError('no such thing', 4)`)
  assert.equal([code, stdout, stderr], [4, 'A playbook\n', 'no such thing\n'])
})

test('Ctrl-C: what goes on is let go, and nothing more is begun', async () => {
  const { code, stdout, stderr } = await run(`
    stage.underWay = () => ['the first']
    stage.atEnd(() => sleep(300))
    stage.console.print('now')
    while (!stage.interrupted) await sleep(10)
    await stage.goOn()
    stage.console.print('the second')
    return 0`)
  assert.equal([code, stderr], [130, ''])
  assert.match(stdout, /interrupted; .*nothing more is begun\n {2}the first\n$/)
})

test('Ctrl-C: what breaks since everything is closed is not told', async () => {
  const { code, stderr } = await run(`
    stage.atEnd(() => sleep(300))
    stage.console.print('now')
    while (!stage.interrupted) await sleep(10)
    throw new UserError('the connection is closed')`)
  assert.equal([code, stderr], [130, ''])
})

test('Ctrl-C while things are closed: the run has ended as it has', async () => {
  const { code } = await run(`
    stage.atEnd(async () => {
      stage.console.print('now')
      while (!stage.interrupted) await sleep(10)
    })
    return 5`)
  assert.is(code, 5)
})

test.run()
