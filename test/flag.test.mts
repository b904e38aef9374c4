// Drain and standby files on real bash: what a hand-over that is broken off leaves set, hosts clear by themselves.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { setFlag } from '../engine/operations/flag.ts'
import { localTransport } from '../engine/transport/local.ts'
import { folder, inFreshFolders, path } from './engine-host.ts'

inFreshFolders()

const file = path('standby')
const timers = path('timers')
const stubs = `
systemctl() { printf '%s\\n' "$*" >>${path('stopped')}; }
sync() { [ "$1" != ${file} ] || echo "$1 $(cat "$1")" >${path('synced')}; }
systemd-run() { printf '%q ' "\${@: -2}" >>${timers}; echo >>${timers}; }`
const boots = path('tmpfiles.d')
const run = (script: string) =>
  localTransport().run(
    `${stubs}\n${script.replaceAll('/etc/tmpfiles.d', boots).replaceAll('/run/keepalived', path('keepalived'))}`,
    { timeout: 60 },
  )
const set = (value: boolean, lasts?: number) => {
  mkdirSync(boots, { recursive: true })
  if (!existsSync(file)) writeFileSync(file, '0\n')
  return run(setFlag(file, value, lasts).text)
}
const says = () => readFileSync(file, 'utf8')

test('a flag of a hand-over is cleared by the host when its time is over, whoever has set it', async () => {
  assert.is((await set(true, 120)).code, 0)
  assert.is(says(), '1\n')
  await run(`eval "$(cat ${timers})"`)
  assert.is(says(), '0\n')
})

test('a timer runs plain words: systemd 252 turns ; of others into \\; at a daemon-reload, and a node stays drained', async () => {
  await set(true, 120)
  assert.match(readFileSync(timers, 'utf8'), /^bash [\w./-]+ \n$/)
})

test('a flag that is cleared in time has no timer any more', async () => {
  await set(true, 120)
  assert.is((await set(false, 120)).code, 0)
  assert.is(says(), '0\n')
  assert.is(readFileSync(timers, 'utf8').trim().split('\n').length, 1)
  assert.match(readFileSync(path('stopped'), 'utf8'), /stop keepalived-playbooks-flag-standby\.timer\n$/)
})

test('what is to stay is on disk; what the host clears by itself is better lost with its timer', async () => {
  const synced = async (value: boolean, lasts?: number) => {
    rmSync(path('synced'), { force: true })
    await set(value, lasts)
    return existsSync(path('synced')) ? readFileSync(path('synced'), 'utf8') : ''
  }
  assert.equal([await synced(true), await synced(false)], [`${file} 1\n`, `${file} 0\n`])
  assert.equal([await synced(true, 120), await synced(false, 120)], ['', `${file} 0\n`])
})

/** What systemd does at boot by the files that are there, with this folder as its root. */
const boot = () => {
  for (const name of readdirSync(boots)) {
    const text = readFileSync(join(boots, name), 'utf8').replaceAll(folder, '')
    mkdirSync(path('etc/tmpfiles.d'), { recursive: true })
    writeFileSync(path(`etc/tmpfiles.d/${name}`), text)
    execFileSync('systemd-tmpfiles', ['--create', '--boot', `--root=${folder}`, name])
  }
}

test('a power failure, which ends timers: the boot clears a flag of a hand-over, and no other', async () => {
  await set(true, 120)
  boot()
  assert.is(says().trim(), '0')
  // The same node in a rolling reboot.
  await set(true)
  boot()
  assert.is(says(), '1\n')
})

test('of a flag that is cleared, or whose time is over, nothing is left for a boot', async () => {
  await set(true, 120)
  await set(false, 120)
  assert.equal(readdirSync(boots), [])
  await set(true, 120)
  await run(`eval "$(tail -n 1 ${timers})"`)
  assert.equal(readdirSync(boots), [])
})

test('where no timer can be set, the flag is not either', async () => {
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, '0\n')
  const { code } = await run(`systemd-run() { false; }\n${setFlag(file, true, 120).text}`)
  assert.is(code, 1)
  assert.is(says(), '0\n')
})

test('a flag of a rolling reboot stays until that is ended', async () => {
  await set(true)
  assert.is(says(), '1\n')
  assert.not.ok(existsSync(timers))
})

test('a node that no level playbook has configured has no flags to set', async () => {
  rmSync(file, { force: true })
  const { code, stderr } = await run(setFlag(file, true).text)
  assert.is(code, 1)
  assert.match(stderr, 'run the level playbook first')
})

test.run()
