// A pair of web servers with keepalived by hand, as most people have it: imported from its files, and taken over under questions.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import {
  asked,
  disconnect,
  holderWithin,
  inventoryWith,
  labInventory,
  nodes,
  on,
  playbook,
  resetWithPackages,
  startLab,
} from './cluster.ts'
import { test } from './suite.ts'
import { assertNothingLost } from './watched.ts'

const folder = mkdtempSync(join(tmpdir(), 'imported-'))
const inventory = join(folder, 'inventory.yaml')

const conf = (state: string, priority: number) => `! Configuration File for keepalived
global_defs {
    router_id WEB
}
vrrp_script chk_nginx {
    script "/usr/bin/pgrep nginx"
    interval 2
    fall 2
    rise 2
}
vrrp_instance WEB {
    state ${state}
    interface eth0
    virtual_router_id 51
    priority ${priority}
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress {
        10.2.1.5/24
    }
    track_script {
        chk_nginx
    }
}
`
const files = { ns1: conf('MASTER', 101), ns2: conf('BACKUP', 100) }

test.before(async () => {
  await startLab()
  await resetWithPackages()
  await Promise.all(
    nodes.map((node) =>
      on(
        node,
        `apt-get install -qy nginx >/dev/null
printf 'add_header X-Served-By "$hostname" always;\\n' >/etc/nginx/conf.d/who.conf
systemctl reload nginx
cat >/etc/keepalived/keepalived.conf <<'end'
${files[node]}end
systemctl enable -q keepalived
systemctl restart keepalived`,
      ),
    ),
  )
  await holderWithin(30)
})
test.after(() => disconnect())

test('the files become an inventory that says the same, and warns of what is unwise', async () => {
  const paths = nodes.map((node) => {
    const path = join(folder, `${node}.conf`)
    writeFileSync(path, files[node])
    return path
  })
  const run = await playbook('import', ...paths, '--nodes', 'ns1=10.2.1.2,ns2=10.2.1.3', '--output', inventory)
  assert.is(run.code, 0, run.text)
  assert.ok(run.document.asMeant, run.text)
  const text = readFileSync(inventory, 'utf8')
  assert.match(text, 'type: none')
  assert.match(text, 'process: nginx')
  assert.match(text, 'instance: WEB')
  const lab = readFileSync(labInventory, 'utf8').replace('../.lab', join(labInventory, '../../.lab'))
  const clients = lab.slice(lab.indexOf('\nclients:') + 1)
  const ssh = lab.slice(lab.indexOf('ssh:'), lab.indexOf('\ncluster:') + 1)
  const named = text.replace(/^ {2}(ns\d): \{ address: ([\d.]+)/gm, '  $1: { ssh: { host: $1 }, address: $2')
  writeFileSync(inventory, `${ssh}${named}\n${clients}`)
})

test('level 1 takes the cluster over while clients ask, and none loses an answer', async () => {
  process.env.VRRP_PASS = '1111'
  const check = await playbook('level1', '--inventory', inventory, '--check', '--diff')
  assert.is(check.code, 2, check.text)
  assert.match(check.text, 'replaces /etc/keepalived/keepalived.conf made by hand: instance WEB, 10.2.1.5/24')
  assert.not.match(check.text, 'nobody has 10.2.1.5')
  const web = inventoryWith('service: { type: http, managed: false }', 'web')
  const seen = await asked(
    'remote',
    async () => {
      const run = await playbook('level1', '--inventory', inventory)
      assert.is(run.code, 0, run.text)
    },
    web,
  )
  assertNothingLost(seen)
  const again = await playbook('level1', '--inventory', inventory)
  assert.equal(
    again.document.hosts!.flatMap(({ changes }) => changes),
    [],
  )
})

test('its check goes on to say who may have the address', async () => {
  const first = await holderWithin(10)
  await on(first, 'systemctl stop nginx')
  await holderWithin(
    15,
    nodes.find((node) => node !== first)!,
  )
  await on(first, 'systemctl start nginx')
})

test.run()
