// Changes of a live cluster after which nodes that have them do not hear those that do not yet.
import * as assert from 'uvu/assert'
import {
  disconnect,
  holder,
  inventoryWithoutPassword,
  nodes,
  on,
  playbook,
  resetWithPackages,
  startLab,
} from './cluster.ts'
import { test } from './suite.ts'
import { assertNothingLost, watched } from './watched.ts'

test.before(async () => {
  await startLab()
  await resetWithPackages()
})
test.after(() => disconnect())

const quick = 'vrrp_version: 3\n  advert_int: 0.1'

for (const level of [1, 3] as const) {
  for (const [name, lines, moves] of [
    ['another password', 'auth_pass: secret12', false],
    ['VRRP version 3 with ten adverts a second', quick, false],
    ['another number', `${quick}\n  virtual_router_id: 77`, true],
  ] as const)
    test(`level ${level}, ${name}: the cluster gets it while clients ask, and none loses an answer`, async () => {
      if (name === 'another password') assert.is((await playbook(`level${level}`)).code, 0)
      const had = await holder()
      const { run, seen } = await watched(`level${level}`, '--inventory', inventoryWithoutPassword(lines))
      assertNothingLost(seen, { open: moves ? 1 : 0 })
      assert.equal(run.document.cluster!.findings, [])
      assert.is((await holder()) === had, !moves)
      for (const node of nodes)
        assert.is(await on(node, 'systemctl list-units --all --plain --no-legend "keepalived-playbooks-silence*"'), '')
    })

  test(`level ${level}: a run that would leave a node out is refused, in check mode too`, async () => {
    for (const mode of [[], ['--check']]) {
      const run = await playbook(`level${level}`, '--limit', 'ns2', ...mode)
      assert.is(run.code, 1, run.text)
      assert.match(run.text, 'ns1 would not hear the adverts of the others any more')
    }
    assert.is((await playbook('verify')).code, 0)
  })
}

test.run()
