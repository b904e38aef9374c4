// A cluster in operation, on real machines: rolling reboots under questions, what stops them, status, drills.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ProberAccount } from '../../cluster/prober.ts'
import {
  asked,
  disconnect,
  holder,
  nodes,
  on,
  other,
  playbook,
  type Run,
  resetWithPackages,
  startLab,
} from './cluster.ts'

test.before(async () => {
  await startLab()
  await resetWithPackages()
})
test.after(() => disconnect())

const losses = ({ UDP, TCP }: Pick<ProberAccount, 'UDP' | 'TCP'>) => ({ UDP: UDP.lost, TCP: TCP.lost })
const none = { UDP: 0, TCP: 0 }

/** Runs a playbook while somebody else than the playbook asks as well. */
async function watched(name: string, ...args: string[]): Promise<{ run: Run; seen: ProberAccount }> {
  let run: Run | undefined
  const seen = await asked('remote', async () => {
    await disconnect(nodes)
    run = await playbook(name, ...args)
  })
  assert.is(run!.code, 0, run!.text)
  return { run: run!, seen }
}

const bootIds = () => Promise.all(nodes.map((node) => on(node, 'cat /proc/sys/kernel/random/boot_id')))

for (const level of [1, 2, 3]) {
  test(`rolling reboot at level ${level}: each node has rebooted, the holder last, and clients were answered`, async () => {
    assert.is((await playbook(`level${level}`)).code, 0)
    const [first, before] = [await holder(), await bootIds()]
    const { run, seen } = await watched('rolling-reboot')
    const after = await bootIds()
    assert.ok(nodes.every((_, i) => before[i] !== after[i]))
    const rebooted = run.document.steps!.filter(({ step }) => step === 'reboot').map(({ node }) => node)
    assert.equal(rebooted, [other(first), first])
    for (const account of [run.document.prober!, seen]) {
      if (level === 1) assert.ok(account.UDP.gap + account.TCP.gap <= 1, `${account.UDP.gap} and ${account.TCP.gap} s`)
      else assert.equal(losses(account), none)
    }
    // Nothing is left behind, and nothing to change.
    for (const node of nodes)
      assert.is(
        await on(
          node,
          'cat /etc/keepalived/drain/*; ls /var/lib/keepalived-playbooks/rolling 2>&1 | grep -c cannot || true',
        ),
        '0\n0\n1\n',
      )
    assert.is((await playbook(`level${level}`, '--check')).code, 0)
  })
}

test.run()
