// SELinux learns, on machines shaped like Enterprise Linux, what a check of the user's own needs.
import * as assert from 'uvu/assert'
import { disconnect, holderWithin, inventoryWith, nodes, on, other, playbook, reset, startLab } from './cluster.ts'
import { test } from './suite.ts'

const learned = '/etc/keepalived/keepalived_learned.cil'
const checks = 'checks: { own: { command: /usr/bin/grep -q yes /srv/own/state } }'
const enforces = inventoryWith(checks, 'enforces')
const learns = inventoryWith(`selinux: learn\n  ${checks}`, 'learns')

test.before(async () => {
  await startLab()
  await reset()
  // Everybody may read it but for SELinux.
  for (const node of nodes)
    await on(node, 'mkdir -p /srv/own; echo yes >/srv/own/state; chcon -R -t user_home_t /srv/own')
})
test.after(() => disconnect())

/** What SELinux has forbidden keepalived since a second of a node's clock. */
const denials = (node: string, since: string) =>
  on(
    node,
    `LC_ALL=C; ausearch --input-logs --raw -m avc -ts "$(date -d @${since.trim()} +%x)" "$(date -d @${since.trim()} +%X)" 2>/dev/null |
      grep ':keepalived_t:.*permissive=0' || true`,
  )

test('a check that SELinux forbids is found out: the run goes back', async () => {
  const run = await playbook('level1', '--inventory', enforces)
  assert.is.not(run.code, 0)
})

test('learn: keepalived is forbidden nothing, and again there is nothing to change', async () => {
  const run = await playbook('level1', '--inventory', learns)
  assert.is(run.code, 0, run.text)
  const again = await playbook('level1', '--inventory', learns)
  assert.equal(
    again.document.hosts!.flatMap(({ changes }) => changes),
    [],
  )
  for (const node of nodes) assert.match(await on(node, 'semodule -l'), 'permissive_keepalived_t')
})

test('enforce again: check mode shows what is allowed then, the check is well, and nothing more is forbidden', async () => {
  const check = await playbook('level1', '--inventory', enforces, '--check', '--diff')
  assert.is(check.code, 2, check.text)
  assert.match(check.text, /\(allow keepalived_t user_home_t \(file \(/)
  const run = await playbook('level1', '--inventory', enforces)
  assert.is(run.code, 0, run.text)
  const names = (hosts: typeof run.document.hosts) => hosts!.map(({ changes }) => changes.map(({ task }) => task))
  assert.equal(names(run.document.hosts), names(check.document.hosts))
  const since = await Promise.all(nodes.map((node) => on(node, 'date +%s')))
  for (const node of nodes) {
    const modules = await on(node, 'semodule -l')
    assert.match(modules, 'keepalived_learned')
    assert.not.match(modules, 'permissive_keepalived_t')
    await on(node, 'systemctl restart keepalived')
  }
  const first = await holderWithin(20)
  // It works still: it moves the address.
  await on(first, 'echo no >/srv/own/state')
  await holderWithin(20, other(first))
  await on(first, 'echo yes >/srv/own/state')
  const again = await playbook('level1', '--inventory', enforces)
  assert.is(again.code, 0, again.text)
  assert.equal(
    again.document.hosts!.flatMap(({ changes }) => changes),
    [],
  )
  for (const [index, node] of nodes.entries()) assert.is(await denials(node, since[index]!), '')
})

test('teardown takes away what was learned', async () => {
  const run = await playbook('teardown', '--inventory', enforces)
  assert.is(run.code, 0, run.text)
  for (const node of nodes) {
    assert.not.match(await on(node, 'semodule -l'), /keepalived_|permissive_/)
    assert.is(await on(node, `ls ${learned} 2>/dev/null || true`), '')
  }
})

test.run()
