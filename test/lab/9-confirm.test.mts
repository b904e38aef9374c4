// Changes that cut a node off, or make the cluster worse: the nodes go back by themselves.
import * as assert from 'uvu/assert'
import { disconnect, labInventory, nodes, on, playbook, startLab, started, until, words } from './cluster.ts'
import { test } from './suite.ts'

test.before(async () => {
  await startLab()
  const run = await playbook('level2')
  assert.is(run.code, 0, run.text)
  await on('ns2', 'apt-get install -qy nftables >/dev/null')
})
test.after(() => disconnect())

/** Runs level 2 with one task more. @param kill once it has printed this, its process */
function worse(env: { WORSE: string; BETTER: string; DONE: string }, args: string[] = [], kill?: RegExp) {
  const hear = (text: string) => void process.stdout.write(text)
  const event = kill && { at: kill, signal: 'SIGKILL' as const }
  return started(words('test/lab/worse.mts', ['--inventory', labInventory, ...args]), { event, env, hear })
}

const pool = {
  WORSE: 'ipvsadm -e -u 10.2.1.5:53 -r 10.2.1.2:53 -m -w 7',
  BETTER: 'ipvsadm -e -u 10.2.1.5:53 -r 10.2.1.2:53 -m -w 1',
  DONE: 'ipvsadm -Ln | grep -q "10.2.1.2:53 *Masq *7 "',
}

test('a cluster that a run makes worse is brought back at once, and the run says by which finding', async () => {
  const { code, text } = await worse(pool)
  assert.is(code, 5, text)
  assert.match(
    text,
    /^back  the run is undone, since the cluster was without this before: ns2: its UDP pool has ns1 .*weight 7/m,
  )
  assert.match(text, /^back  every host is as it was before this run$/m)
  await on('ns2', `! ${pool.DONE}`)
  const verify = await playbook('verify')
  assert.is(verify.code, 0, verify.text)
})

const cut = {
  WORSE: `nft 'table inet cut { chain input { type filter hook input priority 0; tcp dport 22 ct state new drop; }; }'`,
  BETTER: 'nft delete table inet cut',
  DONE: 'nft list table inet cut >/dev/null 2>&1',
}

test('a node that a change cuts off goes back by itself, and the next run says so', async () => {
  await disconnect()
  const { code, text } = await worse(cut, ['--confirm-timeout', '20'])
  assert.is(code, 4, text)
  assert.match(
    text,
    /^confirm  failed  ns2.*what it was changed to is not confirmed, and it undoes that by itself within 20 s$/m,
  )
  await until(() => on('ns2', `! { ${cut.DONE}; }`))
  const again = await playbook('level2')
  assert.is(again.code, 0, again.text)
  assert.match(again.text, /^ns2 +note +.* went back by itself: the run of .* was not confirmed within 20 s$/m)
  assert.ok(again.document.hosts!.every(({ changes }) => changes.length === 0))
})

test('a run whose operator dies is undone, and nothing is left of it', async () => {
  const before = await Promise.all(nodes.map((node) => on(node, 'ls -A /var/lib/keepalived-playbooks/journal')))
  const { code } = await worse(pool, ['--confirm-timeout', '20'], /^ns2 +changed +something/m)
  assert.is(code, null)
  await until(() => on('ns2', `! ${pool.DONE} && ls /var/lib/keepalived-playbooks/went-back`))
  const after = await Promise.all(nodes.map((node) => on(node, 'ls -A /var/lib/keepalived-playbooks/journal')))
  assert.equal(after, before)
})

test.run()
