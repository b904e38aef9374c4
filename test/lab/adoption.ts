import * as assert from 'uvu/assert'
import type { ProberSummary } from '../../engine/clients/prober.ts'
import { filesByHand, level2ByHand, type Places } from './by-hand.ts'
import { asked, disconnect, holderWithin, nodes, on, playbook, startLab, until } from './cluster.ts'
import { test } from './suite.ts'

/** How what was made by hand is. */
const stateByHand = (places: Places, node: string): Promise<string> =>
  on(
    node,
    `for file in ${filesByHand(places).join(' ')}; do stat -Lc '%n %a %U:%G' $file; sha256sum <$file; done
iptables-save | grep ^-A
cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/vs/conntrack
systemctl is-enabled named snmpd keepalived; systemctl is-active named snmpd keepalived`,
  )

const question = 'health.load.balance. TXT '

/** Both nodes answer. */
const alternates = (): Promise<void> =>
  until(async () => {
    const said = await on('client', `dig @10.2.1.5 +short +tries=1 +timeout=2 ${question.repeat(6)}`)
    for (const number of [1, 2]) assert.is(said.split(`"=nameserver-${number}="`).length - 1, 3, said)
  })

/** @returns what was lost; until the zone is ours, the names that a prober asks for are answered with NXDOMAIN */
const lost = ({ samples }: ProberSummary) =>
  samples.filter((one) => one.lost !== undefined && !['slow', 'nxdomain'].includes(one.lost))

/**
 * A cluster that was made by hand, by the article's steps: taken over while clients ask, and given back.
 * @param begin takes the nodes back to where the steps begin
 */
export function adoptionTests(places: Places, begin: () => Promise<void>): void {
  const before = new Map<string, string>()

  test.before(async () => {
    await startLab()
    await begin()
    await Promise.all(nodes.map((node, index) => on(node, level2ByHand(index + 1, places))))
    await holderWithin(30)
    await alternates()
    for (const node of nodes) before.set(node, await stateByHand(places, node))
  })
  test.after(async () => {
    // No level playbook takes what is left for its own.
    await begin()
    await disconnect()
  })

  const takenOver = [
    `zone load.balance is defined by ${places.health} alone`,
    'no rule made by hand changes the source of balanced connections',
    `no rule made by hand in ${places.rules} changes the source of balanced connections`,
  ]

  test('check mode names what is taken over, and changes nothing', async () => {
    const check = await playbook('level2', '--check')
    assert.is(check.code, 2, check.text)
    assert.match(check.text, 'replaces /etc/keepalived/keepalived.conf made by hand: instance VI_1, 10.2.1.5/32')
    for (const { changes } of check.document.hosts!)
      for (const task of takenOver)
        assert.ok(
          changes.some((change) => change.task === task),
          task,
        )
    for (const node of nodes) assert.is(await stateByHand(places, node), before.get(node))
  })

  test('a rule that nobody of us made is refused with its words', async () => {
    const rule = 'POSTROUTING -d 10.2.1.0/24 -j SNAT --to-source 10.2.1.77'
    await on('ns2', `iptables -t nat -A ${rule}`)
    const check = await playbook('level2', '--check')
    assert.is(check.code, 1, check.text)
    assert.match(check.text, `iptables -t nat has the rule "-A ${rule}"`)
    await on('ns2', `iptables -t nat -D ${rule}`)
  })

  test('level 2 takes it over while clients ask, and none loses an answer', async () => {
    const seen = await asked('remote', async () => {
      await disconnect(nodes)
      const run = await playbook('level2')
      assert.is(run.code, 0, run.text)
      assert.equal(run.document.cluster!.findings, [])
    })
    assert.equal(lost(seen), [])
    assert.is((await playbook('verify')).code, 0)
    const again = await playbook('level2')
    assert.is(again.code, 0, again.text)
    assert.ok(again.document.hosts!.every(({ changes }) => changes.length === 0))
  })

  test('a rule by hand that takes the checks of others is named by the check of level 3, and taken out by the next run', async () => {
    const run = await playbook('level3')
    assert.is(run.code, 0, run.text)
    assert.equal(run.document.cluster!.findings, [])
    const rule = 'POSTROUTING -d 10.2.1.0/24 -j SNAT --to-source 10.2.1.5'
    await Promise.all(nodes.map((node) => on(node, `iptables -t nat -I ${rule}`)))
    // Connection tracking leaves clients alone, so that it hides none; checks of the one that stands by fail after some seconds.
    const verify = await until(async () => {
      const run = await playbook('verify')
      assert.is(run.code, 5, run.text)
      return run
    })
    assert.match(verify.text, `has the rule "-A ${rule}" in nat`)
    assert.is((await playbook('level3')).code, 0)
    assert.not.match(await on('ns1', 'iptables-save'), rule)
  })

  test('teardown gives the cluster made by hand back', async () => {
    const run = await playbook('teardown')
    assert.is(run.code, 0, run.text)
    for (const node of nodes) assert.is(await stateByHand(places, node), before.get(node))
    await holderWithin(60)
    await alternates()
  })
}
