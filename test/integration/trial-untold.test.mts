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

test('rules of arptables-legacy, which are not carried, are told with what they may stop, and what to do', () => {
  const { plan } = trial(1)
  const text = 'untold=arptables-legacy\npass\npass\n'
  assert.equal(plan({ text, code: 0 }, { changes: () => false }), {
    unchanged: true,
    why:
      'it could not be tried whether rules of arptables-legacy stop ARP for 10.2.1.2, 10.2.1.5, so that neighbours do not find it ' +
      '(look at them there: arptables-legacy -L -n -v; set by arptables-nft in its place, they are tried)',
    isUnknown: true,
  })
})

for (const [rules, isTold] of [
  [':INPUT ACCEPT\n:OUTPUT ACCEPT', false],
  [':INPUT DROP', true],
  [':INPUT ACCEPT\n-A INPUT -d 10.2.1.5 -j DROP', true],
  [undefined, true],
] as const)
  test(`a table of arptables-legacy, which holds ${rules?.replaceAll('\n', ' ') ?? 'what nobody can read'}`, async () => {
    const { text } = trial(1).probe
    const theirs =
      'echo filter >/run/names; mkdir /run/bin; PATH=/run/bin:$PATH\n' +
      `printf '#!/bin/sh\\n${rules === undefined ? 'exit 1' : `printf "%%s\\\\n" "*filter\\n${rules.replaceAll('\n', '\\n')}"`}\\n' >/run/bin/arptables-legacy-save\n` +
      'chmod 755 /run/bin/arptables-legacy-save'
    const all = await printed(new Script(text.replaceAll('/proc/net/arp_tables_names', '/run/names')), theirs)
    assert.is(/^untold=arptables-legacy$/m.test(all), isTold, all)
  })

test('a queue of nftables itself that no program listens to is told in words of nftables', () => {
  const { plan } = trial(1)
  const why = (text: string) => {
    try {
      return JSON.stringify(plan({ text: `drop\n${text}`, code: 0 }, { changes: () => false }))
    } catch (error) {
      return (error as Error).message
    }
  }
  const rule = (words: string) => `udp dport 53 ${words} (verdict queue)`
  assert.match(
    why(`queued=inet theirs input rule ${rule('queue to 3')}`),
    /the chain inet theirs input hands it to a program, and none listens .* let the rule pass packets without it: queue flags bypass to 3$/,
  )
  assert.match(why(`queued=ip filter INPUT rule ${rule('queue num 0-3')}`), 'queue flags bypass to 0-3')
  assert.match(why(`iptables=filter\nqueued=ip filter INPUT rule ${rule('queue num 3')}`), /: --queue-bypass$/)
})

test.run()
