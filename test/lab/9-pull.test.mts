// A node that brings its cluster up to date by a timer, as docs/pull.md has it: the package, its key and the units are on the node.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as assert from 'uvu/assert'
import { packedProject } from '../packed.ts'
import { disconnect, nodes, on, playbook, resetWithPackages, startLab } from './cluster.ts'
import { test } from './suite.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const config = `${root}.lab/ssh_config`
const page = readFileSync(`${root}docs/pull.md`, 'utf8')
const unitOf = (name: string) => new RegExp(`/${name}\`:\\n\\n\`\`\`ini\\n([^]*?)\`\`\``).exec(page)![1]!
const inventory = `cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, name: lab, auth_pass: KPSjXfRG }
hosts:
  ns1: { address: 10.2.1.2, second: { address: 10.2.1.6 } }
  ns2: { address: 10.2.1.3, second: { address: 10.2.1.7 } }
clients: { client: { ssh: { host: 10.2.1.10 } } }
`
let project = ''

/** Puts the package, what it depends on and this Node on a machine, as npm and a distribution would. */
async function install(node: string): Promise<void> {
  const lock = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8')) as {
    packages: Record<string, { dev?: true }>
  }
  const modules = Object.entries(lock.packages).flatMap(([path, { dev }]) =>
    !dev && path.lastIndexOf('node_modules') === 0 && existsSync(join(root, path)) ? [path] : [],
  )
  const tar = spawn('tar', ['-chf', '-', '-C', project, ...modules, 'node_modules/keepalived-playbooks'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ssh = spawn(
    'ssh',
    ['-F', config, node, 'sudo sh -c "mkdir -p /opt/keepalived-playbooks && tar -xf - -C /opt/keepalived-playbooks"'],
    {
      stdio: [tar.stdout, 'inherit', 'inherit'],
    },
  )
  assert.is(await new Promise((done) => ssh.on('close', done)), 0)
  execFileSync('ssh', ['-F', config, node, 'sudo install -m 755 /dev/stdin /usr/bin/node'], {
    input: readFileSync(process.execPath),
  })
}

const put = (node: string, path: string, text: string, mode = '644') =>
  on(node, `mkdir -p ${path.replace(/\/[^/]*$/, '')} && install -m ${mode} /dev/stdin ${path} <<'END'\n${text}END`)

test.before(async () => {
  await startLab()
  await resetWithPackages()
  const file = join((project = packedProject()), 'inventory.yaml')
  writeFileSync(file, inventory)
  assert.is((await playbook('level2', '--yes')).code, 0)
  for (const node of nodes) {
    await install(node)
    const key = await on(
      node,
      "ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519 <<<y >/dev/null; cat /root/.ssh/id_ed25519.pub",
    )
    for (const to of [...nodes, 'client'])
      await on(to, `mkdir -p /root/.ssh; echo '${key.trim()}' >>/root/.ssh/authorized_keys`)
    await on(node, 'ssh-keyscan 10.2.1.2 10.2.1.3 10.2.1.10 >/root/.ssh/known_hosts 2>/dev/null')
    await put(node, '/etc/keepalived-playbooks/inventory.yaml', inventory, '600')
    for (const kind of ['service', 'timer'])
      await put(node, `/etc/systemd/system/keepalived-playbooks.${kind}`, unitOf(`keepalived-playbooks.${kind}`))
    await on(node, 'systemctl daemon-reload; systemctl enable --now keepalived-playbooks.timer')
  }
})
test.after(() => {
  if (project) rmSync(project, { recursive: true })
  return disconnect()
})

/** Runs what the timer runs. @returns whether the unit has ended well, and what the run has printed */
async function turn(node: string): Promise<{ result: string; text: string }> {
  await on(node, 'journalctl --rotate --vacuum-time=1s -q; systemctl start keepalived-playbooks.service || true')
  const result = await on(node, 'systemctl show -P Result keepalived-playbooks.service')
  return { result: result.trim(), text: await on(node, 'journalctl -q -o cat -u keepalived-playbooks.service') }
}

test('the timer is set, and a turn that finds nothing changes nothing', async () => {
  assert.match(
    await on('ns1', 'systemctl list-timers --all --no-legend keepalived-playbooks.timer'),
    'keepalived-playbooks.service',
  )
  const { result, text } = await turn('ns1')
  console.log(text)
  assert.is(result, 'success')
  for (const node of nodes) assert.match(text, new RegExp(`${node} +ok .*nothing to change`))
  assert.match(text, 'check  passed  level 2')
})

test('a turn mends the other node', async () => {
  await on('ns2', "sed -i 's/retry 2/retry 9/' /etc/keepalived/keepalived.conf; rm /etc/modules-load.d/ip_vs.conf")
  const { result, text } = await turn('ns1')
  console.log(text)
  assert.is(result, 'success')
  assert.match(text, /ns2 +changed/)
  assert.match(
    await on('ns2', 'cat /etc/keepalived/keepalived.conf /etc/modules-load.d/ip_vs.conf'),
    /retry 2[^]*ip_vs/,
  )
})

test('both nodes at once: none harms the other, and the cluster is as it was', async () => {
  await on('ns2', 'rm /etc/modules-load.d/ip_vs.conf')
  const both = await Promise.all(nodes.map(turn))
  for (const { result, text } of both) {
    console.log(text)
    if (result !== 'success') assert.match(text, /another run is at work|is not confirmed yet/)
  }
  assert.ok(both.some(({ result }) => result === 'success'))
  const { result, text } = await turn('ns2')
  assert.is(result, 'success', text)
  assert.is((await playbook('level2', '--check')).code, 0)
})

test.run()
