// A fleet of two hosts: it boots, both are reached over SSH, and when it is ended nothing of it is left, also where its start
// broke off.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { $ } from 'zx/core'
import { fleetSshConfig } from '../../lab/fleet/fleet.ts'
import { cgroupOfFleet, fleetFolder, inotifyLimit, processesIn, readState } from '../../lab/fleet/state.ts'
import { needRoot } from '../root.ts'
import { root } from '../run-file.ts'

needRoot('real')

const lab = (...words: string[]) =>
  $({
    quiet: true,
    nothrow: true,
    cwd: root,
    env: { ...process.env, CI: '1' },
  })`${process.execPath} lab/lab.mts fleet ${words}`
const limitBefore = inotifyLimit()

const allProcesses = () => readdirSync('/proc').map(Number).filter(Boolean)
const kinds = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts']
const namespacesOf = (pid: number): string[] => {
  try {
    return kinds.map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`))
  } catch {
    // It has ended meanwhile.
    return []
  }
}
const processesOf = (cgroup: string): number[] => [
  ...processesIn(cgroup),
  ...readdirSync(cgroup, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => processesOf(join(cgroup, name))),
]

/** The namespaces that processes of the fleet have, and this one has not: their names by open files. */
function namespacesOfFleet(): Map<string, number> {
  const own = namespacesOf(process.pid)
  const open = new Map<string, number>()
  for (const pid of processesOf(cgroupOfFleet()))
    for (const [kind, name] of namespacesOf(pid).entries())
      if (!own.includes(name) && !open.has(name)) hold(open, name, `/proc/${pid}/ns/${kinds[kind]}`)
  return open
}

/** An open file keeps the number of a namespace from the next one, which a test beside this one may make. */
function hold(open: Map<string, number>, name: string, file: string): void {
  try {
    open.set(name, openSync(file, 'r'))
  } catch {
    // Its process has ended meanwhile.
  }
}

async function nothingIsLeft(namespaces: Map<string, number>): Promise<void> {
  const left = allProcesses().filter((pid) => namespacesOf(pid).some((one) => namespaces.has(one)))
  for (const file of namespaces.values()) closeSync(file)
  assert.equal(left, [], 'processes')
  assert.not.ok(existsSync(cgroupOfFleet()), 'its control group')
  assert.not.match(readFileSync('/proc/self/mountinfo', 'utf8'), fleetFolder)
  assert.not.ok(existsSync(fleetFolder), fleetFolder)
  assert.is(inotifyLimit(), limitBefore)
  // The kernel gives the disk back when it has taken the mounts apart.
  const disks = async () => (await $({ quiet: true })`losetup --list --noheadings --output BACK-FILE`).stdout
  for (let tries = 0; tries < 100 && (await disks()).includes('disk.raw'); tries++) await sleep(100)
  assert.not.match(await disks(), 'disk.raw')
}

test.before(() => {
  if (readState()) throw new Error('a fleet runs, or has left something: npm run lab -- fleet down')
})
test.after(() => void (readState() && lab('down')))

test('two hosts boot, run scripts as root, and leave nothing', async () => {
  const up = await lab('up', '2', '--yes')
  assert.match(up.stdout, /2 hosts are up after/, up.stderr)
  const namespaces = namespacesOfFleet()
  // Six kinds for each host, three for what they are in, and what units of theirs have.
  assert.ok(namespaces.size >= 15, String(namespaces.size))
  for (const host of ['h1', 'h2']) {
    const { stdout, stderr } = await lab('run', 'ssh', '-F', fleetSshConfig, host, 'hostname; sudo cat /proc/1/comm')
    assert.is(stdout, `${host}\nsystemd\n`, stderr)
  }
  const hosts = () => processesOf(cgroupOfFleet()).filter((pid) => isSystemd(pid)).length
  assert.is(hosts(), 2)
  assert.match((await lab('up', '2')).stdout, /2 hosts are up/)
  assert.is(hosts(), 2, 'a second start makes no more')
  const other = await lab('up', '3')
  assert.is(other.exitCode, 1)
  assert.match(other.stderr, 'a fleet of 2 hosts runs already: end it first: npm run lab -- fleet down')
  assert.match((await lab('status')).stdout, '2 of 2 hosts run: h1 (10.4.1.1) to h2 (10.4.1.2)')
  assert.is((await lab('run', 'false')).exitCode, 1)
  assert.is((await lab('down')).exitCode, 0)
  await nothingIsLeft(namespaces)
})

const isSystemd = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8') === '/lib/systemd/systemd\0'

test('a start that is killed leaves what down finds', async () => {
  const up: ChildProcess = spawn(process.execPath, ['lab/lab.mts', 'fleet', 'up', '2'], { cwd: root, stdio: 'ignore' })
  while (up.exitCode === null && processesIn(join(cgroupOfFleet(), 'h1/init.scope')).length === 0) await sleep(50)
  up.kill('SIGKILL')
  await once(up, 'exit')
  const namespaces = namespacesOfFleet()
  assert.ok(namespaces.size > 0)
  assert.is((await lab('down')).exitCode, 0)
  await nothingIsLeft(namespaces)
  assert.match((await lab('down')).stdout, 'there is no fleet')
})

test.run()
