// Machines on which AppArmor confines what Debian's packages have profiles for, as on every Debian that was installed with its kernel.
import * as assert from 'uvu/assert'
import { disconnect, inventoryWith, nodes, on, playbook, rebooted, reset, startLab } from './cluster.ts'
import { test } from './suite.ts'
import { assertNothingLost, watched } from './watched.ts'

const inventory = ['--inventory', inventoryWith('services: { dns: { type: dns }, web: { type: http } }')]

test.before(async () => {
  await startLab()
  await reset()
  for (const node of nodes) await on(node, 'apt-get install -qy apparmor >/dev/null')
  await Promise.all(nodes.map(rebooted))
})
test.after(() => disconnect())

/** @returns what AppArmor has forbidden since the boot, by the kernel's log */
const denials = async (node: string): Promise<string[]> =>
  (await on(node, `journalctl -q -k -o cat --no-pager | grep 'apparmor="DENIED"' || true`)).split('\n').filter(Boolean)

for (const level of [1, 3, 2] as const)
  test(`level ${level}${level === 1 ? ' from nothing' : ' on the live cluster'}: AppArmor confines named, and forbids nothing`, async () => {
    const run =
      level === 1 ? await playbook('level1', ...inventory) : (await watched(`level${level}` as const, ...inventory)).run
    assert.is(run.code, 0, run.text)
    for (const node of nodes) {
      assert.is(await on(node, 'cat /proc/$(pidof named)/attr/apparmor/current'), 'named (enforce)\n')
      assert.equal(await denials(node), [])
    }
  })

test('a rolling reboot loses nothing, and AppArmor forbids nothing', async () => {
  assertNothingLost((await watched('rolling-reboot', ...inventory)).seen)
  for (const node of nodes) assert.equal(await denials(node), [])
})

test('what it forbids is seen: named may not read a zone in /var/named', async () => {
  const [node] = nodes
  await on(
    node,
    `mkdir -p /var/named && cp /etc/bind/db.empty /var/named/elsewhere.zone && chown -R bind: /var/named
echo 'zone "elsewhere" { type master; file "/var/named/elsewhere.zone"; };' >>/etc/bind/named.conf.local
rndc reconfig; true`,
  )
  assert.match((await denials(node)).join('\n'), '/var/named/elsewhere.zone')
})

test.run()
