// What the trial of packets can't find out, and says so.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Level } from '../../inventory/levels.ts'
import { Script } from '../../engine/base/sh.ts'
import { begun } from './begun.ts'
import { docker, inet, judged, listening, printed, queued, trial } from './trial-host.ts'

const untold: [name: string, level: Level, theirs: string, why: string][] = [
  [
    'a container that answers at level 1',
    1,
    docker('udp'),
    'it could not be tried who gets what nat sends elsewhere (a question by UDP to 10.2.1.5)',
  ],
  [
    'a program that decides',
    1,
    `${listening(3)}\n${queued(3)}`,
    'it could not be tried whether the program at queue 3 of NFQUEUE lets pass what it gets (a question by UDP to 10.2.1.5)',
  ],
  [
    'a program that decides by iptables-legacy what may leave',
    1,
    `${listening(4)}\niptables-legacy -A OUTPUT -p 112 -j NFQUEUE --queue-num 4`,
    'it could not be tried whether the program at queue 4 of NFQUEUE lets pass what it gets (VRRP to the other nodes)',
  ],
]
for (const [name, level, theirs, why] of untold) {
  const said = begun(() => judged(level, theirs))
  test(`level ${level}, not known: ${name}`, async () =>
    assert.equal(await said(), { unchanged: true, why, isUnknown: true }))
}

test('what is not known is said again where nothing is tried again', async () => {
  const { text } = trial(1).probe
  const once = await printed(new Script(text), docker('udp'))
  assert.match(once, /^(pass\n)+pass elsewhere\n(pass\n)+$/)
  const again = `(${text})\nunshare() { echo again; }; (${text})`
  assert.is(await printed(new Script(again), docker('udp')), once + once)
})

test('after a queue that lets a packet pass, later rules still stop it', async () => {
  const rules = `${listening(3)}\n${queued(3)}\nnft -f - <<'END'
table inet theirs { chain late { type filter hook input priority 10; udp dport 53 drop; }
}
END`
  const why = await judged(2, rules).then(JSON.stringify, String)
  assert.match(
    why,
    /UDP port 53 for the checks of ns2 does not get through: the nftables chain inet theirs late stops it/,
  )
})

test('on a kernel that lacks files of /proc, as those of queues, packets are tried all the same', async () => {
  const { text } = trial(1).probe
  const files = ['/proc/net/netfilter/nfnetlink_queue', '/proc/net/ip_tables_names', '/proc/net/arp_tables_names']
  const lacking = files.reduce((script, file) => {
    assert.match(script, file)
    return script.replaceAll(file, '/no/such/file')
  }, text)
  assert.match(await printed(new Script(lacking), inet('input', 'accept', 'meta l4proto vrrp drop')), /^drop$/m)
})

test('rules of arptables-legacy, which are not carried, are told', () => {
  const { plan } = trial(1)
  const text = 'untold=rules of arptables-legacy stop\npass\npass\n'
  assert.equal(plan({ text, code: 0 }, { changes: () => false }), {
    unchanged: true,
    why: 'it could not be tried whether rules of arptables-legacy stop packets',
    isUnknown: true,
  })
})

test.run()
