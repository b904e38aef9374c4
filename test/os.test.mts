// What an operating system decides: who is of a known family, and who is refused, how and when.
import { existsSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Facts, parseFacts } from '../engine/runner/facts.ts'
import { runHosts } from '../engine/runner/run.ts'
import { loadInventory } from '../inventory/load.ts'
import { onlyService } from './variants.ts'
import { debian } from '../tasks/os/debian.ts'
import { osOf } from '../tasks/os/os.ts'
import { tasks as levelTasks } from '../playbooks/level1.mts'
import { flatten } from '../engine/runner/task.ts'
import { targetOf } from '../tasks/target.ts'
import { folder, host as here, inFreshFolders, options, silent, touch } from './engine-host.ts'

inFreshFolders()

const host = (os: string, ids: string, init = 'systemd'): Facts =>
  parseFacts(`os=${os}\nids=${ids}\ninit=${init}\nnow=1\n`)

for (const ids of ['debian ', 'ubuntu debian', 'linuxmint ubuntu debian'])
  test(`of the Debian family: ${ids}`, () => assert.is(osOf(host('x', ids)), debian))

const refuses = (message: string, found: string) =>
  message.startsWith(
    `${found} is not supported: a host needs systemd and one of these, or a distribution that is like one (ID_LIKE in ` +
      '/etc/os-release): Debian, Ubuntu, RHEL and its like, ',
  ) && message.endsWith('. Install that on it, or take it out of the inventory')
const refused: [name: string, facts: Facts, found: string][] = [
  ['unknown', host('Fooix 3.20', 'fooix '), 'Fooix 3.20'],
  ['a name that only holds that of another', host('Notdebian 1', 'notdebian '), 'Notdebian 1'],
  ['without a name', host('', ' '), 'An operating system without a name'],
  ['without systemd', host('Devuan 5', 'devuan debian', 'init'), 'Devuan 5 with init as its init'],
  ['unknown, and without systemd', host('Fooix 3', 'fooix ', 'init'), 'Fooix 3 with init as its init'],
]
const inventory = loadInventory(new URL('../inventory/example.yaml', import.meta.url).pathname)
for (const [name, facts, found] of refused) {
  const why = ({ message, exitCode }: { message: string; exitCode: number }) =>
    refuses(message, found) && exitCode === 1
  test(`refused: ${name}`, () => assert.throws(() => osOf(facts), why))
  test(`refused where a level lists its tasks: ${name}`, () =>
    assert.throws(() => levelTasks(targetOf(inventory, inventory.hosts[0]!, facts)), why))
  test(`refused for the packages of a service: ${name}`, () =>
    assert.throws(() => onlyService(inventory).packages(facts), why))
}

for (const check of [true, false])
  test(`refused before any change, ${check ? 'in check mode' : 'in a run'}`, async () => {
    const tasks = (facts: Facts) => {
      const unknown = { ...facts, ids: ['fooix'], os: 'Fooix', init: 'systemd' }
      return flatten([touch('a'), levelTasks(targetOf(inventory, inventory.hosts[0]!, unknown))])
    }
    const hosts = [{ ...here([]), tasks }]
    const [result] = await runHosts(hosts, { ...options, check, forks: 1, interrupted: () => false }, silent)
    assert.ok(refuses(result!.failure!.reason, 'Fooix'))
    assert.is(result!.executions, 1)
    assert.not.ok(existsSync(folder))
  })

test.run()
