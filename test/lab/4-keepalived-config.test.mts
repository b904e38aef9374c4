// What keepalived itself, on a real machine, says of the rendered configurations.
import { test } from './suite.ts'
import * as assert from 'uvu/assert'
import fc from 'fast-check'
import { quote } from 'zx/core'
import { env, seed, valid } from '../inventory/any.mts'
import { directs, serves } from '../../inventory/roles.ts'
import type { Host } from '../../inventory/types.ts'
import { load } from '../inventory/samples.mts'
import { filesOf } from '../rendered.ts'
import { keepalivedConf as keepalivedConfFile } from '../../tasks/cluster/keepalived-conf.ts'
import { keepalivedConf, recipes, variants } from '../variants.ts'
import { disconnect, inventoryWith, on, playbook, startLab } from './cluster.ts'

test.before(async () => {
  await startLab()
  assert.is((await playbook('level2')).code, 0)
  // What checks of the inventories below run, which keepalived looks for.
  await on('ns1', 'apt-get install -qy curl netcat-openbsd procps >/dev/null')
})
test.after(() => disconnect())

/** `keepalived -t`, as the keepalived task runs it. */
const check = (conf: string) =>
  on(
    'ns1',
    `f=$(mktemp); printf %s ${quote(conf)} >"$f"; (trap '' TERM; keepalived -t -f "$f") 2>&1; echo "code $?"; rm "$f"`,
  )

test('the programs and users that recipes name are there', async () => {
  const programs = new Set(recipes.flatMap(([, text]) => text.match(/\/usr\/local\/bin\/[a-z-]+/g) ?? []))
  const users = new Set(recipes.flatMap(([, text]) => [...text.matchAll(/\buser: (\w+)/g)].map(([, user]) => user!)))
  const make = [
    ...[...programs].map((program) => `cp /bin/true ${program}`),
    ...[...users].map((user) => `id ${user} >/dev/null 2>&1 || useradd --system ${user}`),
  ]
  await on('ns1', make.join('\n'))
})

for (const [name, text, level] of [...variants, ...recipes]) {
  test(name, async () => assert.is(await check(keepalivedConf(text, level)), 'code 0\n'))
}

/** On a machine whose interface is `eth0`: prints what keepalived or named say of the files of an inventory, if anything. */
function tried(content: object): string {
  const { cluster, ...rest } = load(JSON.stringify(content), { env })
  const hosts = rest.hosts.map((host) => ({ ...host, interface: 'eth0' }))
  const level = hosts.every(({ second }) => second) ? 3 : hosts.length % 2 ? 1 : 2
  // Which is for level 1 alone.
  const vmac = level === 1
  const files = (host: Host) => filesOf({ cluster: { ...cluster, vmac }, ...rest, hosts }, host, level)
  const zone = Object.values(cluster.services).find((one) => one.type === 'dns')?.health_zone
  const named = zone
    ? `printf %s ${quote(files(hosts.find(serves)!).get(`/etc/bind/${zone}.zone`)!)} >"$folder/zone"
said+=$(named-checkzone -q ${zone} "$folder/zone" || echo "zone $?")`
    : ''
  return `
printf %s ${quote(files(hosts.find(directs)!).get(keepalivedConfFile)!)} >"$folder/conf"
said=$( (trap '' TERM; keepalived -t -f "$folder/conf") 2>&1 )
${named}
[ -z "$said" ] || printf '%s\n' "$said" ${quote(JSON.stringify(content))}`
}

test('keepalived and named take whatever the inventory accepts', async () => {
  const scripts = fc.sample(valid, { numRuns: 150, seed }).map(tried)
  assert.is(await on('ns1', ['folder=$(mktemp -d)', ...scripts, 'rm -r "$folder"'].join('\n')), '', `SEED=${seed}`)
})

test('a broken configuration is refused, and says where', async () => {
  const [, text, level] = variants[0]!
  const said = await check(keepalivedConf(text, level).replace('virtual_router_id 5', 'virtual_router_id 555'))
  assert.not.match(said, 'code 0')
})

/** What `find` shows of the files that a run may write. */
const files = () => on('ns1', 'find /etc /var/lib/keepalived-playbooks -type f -printf "%p %C@\\n" | sort')

test('a keepalived.conf that keepalived refuses is told before anything is changed, in check mode too', async () => {
  // The interface of the inventory is there, and keepalived of this host no longer accepts it.
  await on('ns1', 'mv /usr/sbin/keepalived /usr/sbin/keepalived.real')
  await on(
    'ns1',
    `printf '#!/bin/sh\\necho "(Line 7) no" >&2; exit 5\\n' >/usr/sbin/keepalived; chmod 755 /usr/sbin/keepalived`,
  )
  await on('ns1', `sed -i 's/advert_int 1/advert_int 2/' /etc/keepalived/keepalived.conf`)
  const before = await files()
  for (const mode of [['--check'], ['--no-verify']]) {
    const run = await playbook('level2', '--limit', 'ns1', ...mode)
    assert.is(run.code, 1)
    assert.match(
      run.document.hosts![0]!.failure!.reason,
      /^keepalived -t refuses .* \(exit code 5\):\n\/etc\/keepalived\/keepalived.conf:7 ".*": no\n/,
    )
    assert.is(await files(), before)
  }
  await on('ns1', 'mv /usr/sbin/keepalived.real /usr/sbin/keepalived')
  assert.match(await on('ns1', 'cat /etc/keepalived/keepalived.conf'), 'advert_int 2')
  assert.is((await playbook('level2', '--limit', 'ns1')).code, 0)
})

test("a line of the user's own that keepalived does not know is told by its place in the inventory; no host is changed", async () => {
  const inventory = inventoryWith('keepalived: { instance: [foo bar] }')
  const before = await files()
  for (const mode of [['--check'], ['--no-verify']]) {
    const run = await playbook('level2', '--inventory', inventory, ...mode)
    assert.is(run.code, 1)
    for (const { changes, failure } of run.document.hosts!) {
      assert.equal(changes, [])
      assert.match(failure!.reason, `${inventory}:`)
      assert.match(failure!.reason, 'cluster.keepalived.instance[0] "foo bar": Unknown keyword \'foo\'')
    }
    assert.is(await files(), before)
  }
})

test.run()
