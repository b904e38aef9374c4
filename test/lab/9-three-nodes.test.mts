// Three nodes: levels 2 and 3 from nothing, turns of three, hand-overs and a rolling reboot without a loss.
import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { reset, start } from '../../lab/lab.ts'
import type { PlaybookName } from '../documents.ts'
import { asked, disconnect, kill, labInventory, on, playbook, resetWithPackages, startLab } from './cluster.ts'
import { test } from './suite.ts'
import { assertNothingLost } from './watched.ts'

const inventory = join(tmpdir(), `three-${process.pid}.yaml`)
const three = ['ns1', 'ns2', 'ns3']

test.before(async () => {
  await startLab()
  await start('ns3')
  await reset(['ns3'])
  await resetWithPackages()
  const text = readFileSync(labInventory, 'utf8').replace('../.lab', join(labInventory, '../../.lab'))
  const more = '  ns3: { address: 10.2.1.4, second: { address: 10.2.1.8 }, ssh: { host: ns3 } }\n'
  writeFileSync(inventory, text.replace('clients:', `${more}clients:`))
})
test.after(async () => {
  await kill('ns3')
  await disconnect()
})

const run = <Name extends PlaybookName>(name: Name) => playbook(name, '--inventory', inventory)

for (const level of [2, 3] as const) {
  test(`level ${level}: three nodes answer in turn, and again there is nothing to change`, async () => {
    const first = await run(`level${level}` as const)
    assert.is(first.code, 0, first.text)
    const { answers, verdicts } = first.document.cluster!
    for (const { answered } of answers) assert.equal(new Set(Object.values(answered).flat()), new Set(three))
    for (const { summary } of verdicts) assert.match(summary, /strictly in turn|fair shares/)
    const again = await run(`level${level}` as const)
    assert.equal(
      again.document.hosts!.flatMap(({ changes }) => changes),
      [],
    )
  })

  if (level === 2) continue

  test(`level ${level}: a rolling reboot of three nodes loses nothing, and moves the VIP once`, async () => {
    const seen = await asked(
      'remote',
      async () => {
        const rolled = await playbook('rolling-reboot', '--inventory', inventory)
        assert.is(rolled.code, 0, rolled.text)
        assert.is(rolled.document.order!.length, 3)
        assert.is(rolled.text.match(/hand over/g)!.length, 2, 'a line when it is done, and one in the sums')
        assertNothingLost(rolled.document.prober!)
      },
      inventory,
    )
    assertNothingLost(seen)
  })
}

test('two of three are killed: the third serves alone, and status says what is wrong', async () => {
  const { holder } = (await run('verify')).document.cluster!
  const others = three.filter((name) => name !== holder)
  await Promise.all(others.map((name) => on(name, 'systemctl stop keepalived named')))
  const seen = await on(
    'remote',
    'sleep 8; for i in 1 2 3 4 5 6; do dig @10.2.1.5 +short +tries=1 +timeout=2 health.load.balance. TXT; done',
  )
  assert.is(seen.trim().split('\n').length, 6)
  const status = await run('status')
  assert.is(status.code, 5, status.text)
  await Promise.all(others.map((name) => on(name, 'systemctl start named keepalived')))
})

test.run()
