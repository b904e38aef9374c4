// import.mts as a program: what is printed, written and refused; and what is read of a host.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { loadInventory } from '../../inventory/load.ts'
import { hostProbe, sourceOf } from '../../engine/import/host.ts'
import { importConf } from '../../engine/import/import.ts'
import { checked } from '../documents.ts'
import { dnsCheck, instance, tracksDns, written } from '../import-files.ts'

const script = new URL('../../playbooks/import.mts', import.meta.url).pathname
function play(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}
const file = dnsCheck + instance(`authentication { auth_type PASS\n auth_pass s3cR3t%x }\n${tracksDns}`)
const nodes = ['--nodes', 'ns1=10.2.1.2,ns2=10.2.1.3']

test('the inventory is written, and good', () => {
  const paths = written({ 'a.conf': file, 'b.conf': file })
  const output = `${paths[0]}.yaml`
  const { status, stdout, stderr } = play(...paths, ...nodes, '--output', output)
  assert.is(status, 0, stderr)
  assert.match(stdout, 'The inventory says what the files say')
  assert.not.match(stdout + readFileSync(output, 'utf8'), /s3cR3t/)
  const { hosts, cluster } = loadInventory(output, { env: { VRRP_PASS: 's3cR3t%x' } })
  assert.equal([cluster.auth_pass, hosts.map(({ address }) => address)], ['s3cR3t%x', ['10.2.1.2', '10.2.1.3']])
  const again = play(...paths, ...nodes, '--output', output)
  assert.equal([again.status, again.stderr], [3, `${output} is there already, and stays as it is: name another file\n`])
})

test('the document', () => {
  const [path] = written({ 'a.conf': file.replace('10.2.1.5/24', '10.2.1.5') })
  const { status, stdout } = play(path!, ...nodes, '--json')
  const document = checked('import', JSON.parse(stdout))
  assert.equal([status, document.asMeant, document.level, document.missing], [0, true, 1, []])
  assert.ok(document.hazards!.some(({ code, line }) => code === 'no-prefix-length' && line > 8))
})

const refused: [name: string, args: string[], said: RegExp][] = [
  ['nothing to read', [], /^name the keepalived.conf of each node, or --host/],
  ['files and hosts', ['a', '--host', 'b'], /^name the keepalived.conf of each node, or --host/],
  ['an inventory', ['a', '--inventory', 'b'], /^--inventory has no meaning here/],
  ['a password', ['--host', 'b', '--ask-pass'], /^no password is asked for here: log in with a key/],
  ['a file that is not there', ['/no/such/file'], /^can not read \/no\/such\/file: there is no such file$/m],
  ['nodes without addresses', ['a', '--nodes', 'ns1'], /^--nodes must be NAME=ADDRESS,…, got "ns1"/],
]
for (const [name, args, said] of refused)
  test(`refused: ${name}`, () => {
    const { status, stderr } = play(...args)
    assert.is(status, 3)
    assert.match(stderr, said)
  })

test('broken files: every problem, with its place', () => {
  const paths = written({ 'a.conf': 'vrrp_instance A {\n', 'b.conf': '{\n' })
  const { status, stderr } = play(...paths)
  assert.is(status, 3)
  assert.is(
    stderr,
    `${paths[0]}:1:1 vrrp_instance A is not closed at the end of the file: put in a }\n` +
      `${paths[1]}:1:1 { without a keyword before it: take it out, or name its block\n`,
  )
})

test('a host: its name, its address in the network, and what its file includes', () => {
  const line = (path: string, text: string) =>
    `file ${Buffer.from(`${path}\n`).toString('base64')} ${Buffer.from(text).toString('base64')}`
  const printed = (text: string) =>
    [
      'name ns1',
      'address 192.0.2.1',
      'address 10.2.1.7',
      line('/etc/keepalived/keepalived.conf', 'include conf.d/*.conf'),
      line('/etc/keepalived/conf.d/v.conf', text),
    ].join('\n')
  const { draft, unsaid } = importConf([sourceOf('lb', printed(file))])
  assert.equal(draft.hosts, {
    ns1: {
      address: '10.2.1.7',
      role: undefined,
      interface: undefined,
      priority: undefined,
      preempt_delay: undefined,
      weight: undefined,
      address6: undefined,
      addresses: undefined,
      notify: undefined,
      keepalived: undefined,
      email_from: undefined,
      ssh: { host: 'lb' },
    },
    node2: {
      address: 'ADDRESS-OF-NODE2',
      role: undefined,
      interface: undefined,
      priority: undefined,
      preempt_delay: undefined,
      weight: undefined,
      address6: undefined,
      addresses: undefined,
      notify: undefined,
      keepalived: undefined,
      email_from: undefined,
      ssh: undefined,
    },
  })
  assert.equal(unsaid, [])
  const [hazard] = importConf([sourceOf('lb', printed(file.replace('state', 'stat')))]).hazards
  assert.is(hazard!.place.file, 'lb:/etc/keepalived/conf.d/v.conf')
  assert.throws(() => sourceOf('lb', 'name x'), /^lb: has no \/etc\/keepalived\/keepalived.conf/)
})

test('what is asked of a host runs in bash, and tells its name', () => {
  const { stdout, status } = spawnSync('bash', ['-c', hostProbe.text], { encoding: 'utf8' })
  assert.is(status, 0)
  assert.match(stdout, /^name \S+/)
  for (const [, path] of stdout.matchAll(/^file (\S+) \S*$/gm))
    assert.match(Buffer.from(path!, 'base64').toString(), /^\/etc\/keepalived\//)
})

test('a configuration behind a link, one that may be executed and an empty one are read, and programs are not', () => {
  const made = `mount -t tmpfs none /etc
mkdir -p /etc/keepalived /etc/site
echo lb1 >/etc/hostname
echo a >/etc/site/lb1.conf
ln -s ../site/lb1.conf /etc/keepalived/keepalived.conf
echo b >/etc/keepalived/more.conf
chmod 755 /etc/keepalived/more.conf
touch /etc/keepalived/none.conf
printf '#!/bin/sh\\n' >/etc/keepalived/notify.sh
chmod 755 /etc/keepalived/notify.sh`
  const script = `${made}\n${hostProbe.text}`
  const { stdout } = spawnSync('unshare', ['--map-root-user', '--mount', 'bash', '--norc', '-c', script], {
    encoding: 'utf8',
  })
  const { files, file } = sourceOf('lb', stdout)
  assert.is(files!.text(file), 'a\n')
  assert.equal(
    files!.matching('*', 'lb:/etc/keepalived').map((path) => path.replace(/.*\//, '')),
    ['keepalived.conf', 'more.conf', 'none.conf'],
  )
})

test.run()
