// What a fleet of hosts is made of: names, addresses, network, the files that tell a host who it is. That it runs is for
// test/integration/fleet.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fleet } from '../lab/fleet/commands.ts'
import { countOf, fleetHosts, fleetNetwork, hostFiles, inotifyFor, networkBatch, sshConfig } from '../lab/fleet/plan.ts'
import { parseNetwork } from '../inventory/network.ts'

for (const count of [2, 20, 200])
  test(`${count} hosts are as many as asked for`, () => assert.is(countOf(String(count)), count))

for (const word of [undefined, '', '1', '201', '2.5', 'two', '-3'])
  test(`"${word}" is no number of hosts`, () =>
    assert.throws(
      () => countOf(word),
      (error: Error) => error.message.startsWith(`a fleet has 2 to 200 hosts, got "${word ?? ''}"`),
    ))

test('names and addresses differ, and all are in the network of the fleet', () => {
  const hosts = fleetHosts(200)
  const { has } = parseNetwork(fleetNetwork.cidr)
  assert.is(new Set(hosts.map(({ name }) => name)).size, 200)
  assert.is(new Set([...hosts.map(({ address }) => address), fleetNetwork.runner]).size, 201)
  assert.ok(hosts.every(({ address }) => has(address)))
})

test('each host has a namespace and a cable to the bridge', () => {
  const lines = networkBatch(fleetHosts(3)).split('\n')
  assert.is(lines.filter((line) => line.startsWith('netns add ')).length, 3)
  assert.ok(lines.includes('link add h3 master fleet type veth peer name eth0 netns h3'))
  assert.is(lines.at(-1), '')
})

test('files tell a host its name, a machine id of its own, and its address', () => {
  const [first, second] = fleetHosts(2).map(hostFiles)
  assert.is(first!['etc/hostname'], 'h1\n')
  assert.match(first!['etc/machine-id']!, /^[0-9a-f]{32}\n$/)
  assert.is.not(first!['etc/machine-id'], second!['etc/machine-id'])
  assert.match(second!['etc/systemd/network/10-eth0.network']!, /^Address=10\.4\.1\.2\/16$/m)
})

test('ssh reaches a host by its name and by its address, and knows its key', () => {
  const text = sshConfig(fleetHosts(2), 'KEY', 'KNOWN')
  assert.match(text, /Host h2\n {2}HostName 10\.4\.1\.2\nHost \*\n/)
  assert.match(text, /HostKeyAlias fleet\n {2}UserKnownHostsFile KNOWN\n {2}StrictHostKeyChecking yes\n$/)
})

test('the limit grows with the hosts', () => assert.ok(inotifyFor(200) > inotifyFor(2)))

for (const [words, message] of [
  [
    ['upp'],
    'unknown command "fleet upp" (did you mean "up"?): npm run lab -- fleet up N, down, status, or run COMMAND …',
  ],
  [['up'], 'a fleet has 2 to 200 hosts, got "": npm run lab -- fleet up 20'],
  [['run'], 'usage: npm run lab -- fleet run COMMAND …'],
] as const)
  test(`fleet ${words.join(' ')} is refused`, async () => {
    let said = ''
    await fleet([...words], false, () => {}).catch((error: Error) => (said = error.message))
    assert.is(said, message)
  })

test.run()
