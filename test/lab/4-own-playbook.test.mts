// Playbooks of one's own, from the package in an empty folder: they change what they list, and never the cluster.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as assert from 'uvu/assert'
import { packedProject } from '../packed.ts'
import { disconnect, labInventory, nodes, on, playbook, startLab } from './cluster.ts'
import { test } from './suite.ts'

let project = ''
let inventory = ''
test.before(async () => {
  await startLab()
  project = packedProject()
  inventory = join(project, 'inventory.yaml')
  const text = readFileSync(labInventory, 'utf8').replace('../.lab', join(dirname(labInventory), '../.lab'))
  writeFileSync(inventory, `${text}groups: { measured: { hosts: [ns1, ns2], vars: { metrics_port: 9200 } } }\n`)
  assert.is((await playbook('level2')).code, 0)
})
test.after(() => {
  if (project) rmSync(project, { recursive: true })
  return disconnect()
})

/** Runs a playbook of the project. @returns its exit code */
function run(...words: string[]): number | null {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...words, '--yes', '--inventory', inventory], {
    cwd: project,
    encoding: 'utf8',
  })
  console.log(stdout + stderr)
  return status
}

const bin = 'node_modules/keepalived-playbooks/dist/bin.js'
const restricted = () => Promise.all(nodes.map((node) => on(node, 'cat /proc/sys/net/ipv4/conf/all/send_redirects')))

test('the examples: announced, made, nothing left to do', async () => {
  const was = await restricted()
  for (const example of ['sysctl-hardening.mts', 'nginx-site.mts', 'node-exporter.mts']) {
    assert.is(run(example, '--check'), 2)
    assert.is(run(example), 0)
    assert.is(run(example, '--check'), 0)
  }
  assert.equal(was, ['1\n', '1\n'])
  assert.equal(await restricted(), ['0\n', '0\n'])
  for (const node of nodes) {
    assert.is(await on(node, `${get(node, 8080, '/')} | tail -n 1`), `${node}\n`)
    assert.match(await on(node, get(node, 9200, '/metrics')), `nodename="${node}"`)
    assert.is(await on(node, "ss -Hltn | awk '{ print $4 }' | grep ':9[12]00$'"), `${addressOf(node)}:9200\n`)
  }
})

const addressOf = (node: string) => (node === 'ns1' ? '10.2.1.2' : '10.2.1.3')

/** Bash that asks a node by HTTP, once something listens there: a small server has no other client. */
const get = (node: string, port: number, path: string) => `
ask() { exec 3<>/dev/tcp/${addressOf(node)}/${port} && printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3; }
for try in {1..60}; do (: <>/dev/tcp/${addressOf(node)}/${port}) 2>/dev/null && break; sleep 1; done
ask`

test('the cluster is as it was, and a run of its playbook leaves the examples alone', async () => {
  const again = await playbook('level2')
  assert.is(again.code, 0, again.text)
  assert.ok(again.document.hosts!.every(({ changes }) => changes.length === 0))
  assert.equal(await restricted(), ['0\n', '0\n'])
})

test('one scope is taken away, and the others stay', async () => {
  assert.is(run(bin, 'teardown', '--scope', 'sysctl-hardening'), 0)
  assert.equal(await restricted(), ['1\n', '1\n'])
  assert.is(run('nginx-site.mts', '--check'), 0)
  assert.is(run(bin, 'verify'), 0)
  assert.is(run(bin, 'teardown', '--scope', 'nginx-site'), 0)
  const left = await on(nodes[0], 'systemctl is-active nginx; ls /etc/nginx/sites-enabled; true')
  assert.not.match(left, 'whoami')
  assert.is(run(bin, 'teardown', '--scope', 'node-exporter'), 0)
  const gone = await on(nodes[0], 'systemctl is-active prometheus-node-exporter; ls /etc/systemd/system; true')
  assert.match(gone, /^inactive\n/)
  assert.not.match(gone, 'prometheus-node-exporter')
})

test.run()
