// Installing packages, with an apt-get that is made up.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseFacts } from '../engine/runner/facts.ts'
import { packages } from '../tasks/packages.ts'
import { inFreshFolders } from './engine-host.ts'
import { changeOf, make, system, tell } from './made-up-commands.ts'

inFreshFolders()

const facts = parseFacts('ids=debian\ninit=systemd\n')

/** What apt-get is told, without its common options, after each call is seen to have them. */
function aptCalls(log: readonly string[]): string[] {
  // What is only asked of apt-get changes nothing.
  const calls = log.filter((call) => call.startsWith('apt-get ') && !call.startsWith('apt-get -s '))
  for (const call of calls) assert.match(call, '-y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold ')
  return calls.map((call) => call.replace(/^.*--force-confold /, ''))
}
const installs = changeOf(packages({ facts }, 'a', 'b'), 'a\ninstalled\n')

test('packages: lists are fetched, what is missing is installed, files that are there are kept', () => {
  const { status, log } = make(installs.apply.text, system)
  assert.is(status, 0)
  assert.equal(aptCalls(log), ['update', 'install --no-install-recommends -- b'])
  assert.not.ok(log.includes('dpkg --configure -a'))
  assert.equal(aptCalls(make(installs.undo.text, system).log), ['remove -- b'])
})

test('packages: what was left half configured is configured first', () => {
  const { log } = make(installs.apply.text, { ...system, dpkg: tell('dpkg', '[ $1 = --configure ] || echo half') })
  assert.equal(log.slice(0, 2), ['dpkg --audit', 'dpkg --configure -a'])
})

for (const [fails, status] of [
  [2, 0],
  [3, 1],
] as const)
  test(`packages: lists that can't be fetched ${fails} times`, () => {
    const failing = tell('apt-get', `[ $(grep -c ' update$' "$LOG") -gt ${fails} ] || [[ $* == *install* ]]`)
    const result = make(installs.apply.text, { ...system, 'apt-get': failing })
    assert.is(result.status, status)
    const tries = Array(3).fill('update')
    assert.equal(aptCalls(result.log), status ? tries : [...tries, 'install --no-install-recommends -- b'])
  })

test('a package that several need is named once', () => {
  assert.is(packages({ facts }, 'curl', 'snmpd', 'curl').name, 'install curl, snmpd')
})

test.run()
