// Each service on hosts of its own, and at addresses of its own: directors that serve one of them, or none.
import { readFileSync, writeFileSync } from 'node:fs'
import * as assert from 'uvu/assert'
import { reset, start } from '../../lab/lab.ts'
import { rolled } from './balanced.ts'
import { disconnect, inventoryWith, kill, on, playbook, resetWithPackages, startLab } from './cluster.ts'
import { test } from './suite.ts'
import { assertNothingLost } from './watched.ts'

test.before(async () => {
  await startLab()
  await start('ns3')
  await reset(['ns3'])
  await resetWithPackages()
})
test.after(async () => {
  await kill('ns3')
  await disconnect()
})

/** @returns an inventory in which ns1 and ns2 serve DNS at one address, and these hosts the web at another */
function pools(web: string): string {
  const file = inventoryWith(
    `more_vips: [10.2.1.8]\n  services: { dns: { type: dns, hosts: [ns1, ns2], vips: [10.2.1.5] }, web: { type: http, hosts: ${web}, vips: [10.2.1.8] } }`,
    'pools',
  )
  const text = readFileSync(file, 'utf8').replace(
    'clients:',
    '  ns3: { address: 10.2.1.4, role: real_server, ssh: { host: ns3 } }\nclients:',
  )
  writeFileSync(file, text.replaceAll(/second: \{.*?\}, /g, ''))
  return file
}
const both = '[ns2, ns3]'

test('level 2 from nothing: each host serves what it is named for, and clients are answered by these', async () => {
  const run = await playbook('level2', '--inventory', pools(both))
  assert.is(run.code, 0, run.text)
  for (const { answered } of run.document.cluster!.answers)
    assert.equal(
      Object.entries(answered).map(([server, by]) => [server, [...new Set(by)].toSorted()]),
      [
        ['dns UDP 10.2.1.5', ['ns1', 'ns2']],
        ['dns TCP 10.2.1.5', ['ns1', 'ns2']],
        ['web TCP 10.2.1.8', ['ns2', 'ns3']],
      ],
    )
  assert.is(await on('ns1', 'command -v nginx || true'), '')
  assert.is(await on('ns3', 'command -v named || true'), '')
  const again = await playbook('level2', '--inventory', pools(both))
  assert.equal([again.code, again.document.hosts!.flatMap(({ changes }) => changes)], [0, []])
})

test('status and the drill of services know who serves what', async () => {
  const status = await playbook('status', '--inventory', pools(both))
  assert.is(status.code, 0, status.text)
  assert.match(status.text, 'named and nginx answer on their hosts')
  const drill = await playbook('drill', '--inventory', pools(both), '--check')
  assert.match(drill.text, /would stop (named on ns1|named and nginx on ns2)$/m)
})

test('a rolling reboot of all loses nothing', async () => {
  assertNothingLost(await rolled(pools(both)))
})

test('a host that alone serves something is not rebooted', async () => {
  const run = await playbook('level2', '--inventory', pools('[ns3]'))
  assert.is(run.code, 0, run.text)
  const rolling = await playbook('rolling-reboot', '--inventory', pools('[ns3]'), '--limit', 'ns3')
  assert.is(rolling.code, 5, rolling.text)
  assert.match(rolling.text, 'without ns3 nobody would serve web (cluster.services.web.hosts)')
})

test.run()
