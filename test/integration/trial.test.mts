// Packet filters of others, tried by real packets in a network namespace: what is only read, and special hosts.
import { execFileSync } from 'node:child_process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Script, sh } from '../../engine/base/sh.ts'
import { restored } from '../../tasks/os/firewall/iptables.ts'
import { packetsPass } from '../../tasks/os/firewall/trial.ts'
import { targetOf } from '../../tasks/target.ts'
import { inventoryOf } from '../variants.ts'
import { docker, facts, inet, printed, refusal, sbin, target, trial } from './trial-host.ts'

test('the rules of the host are only read', () => {
  const { probe } = trial(3)
  const show = 'nft list ruleset; iptables-save | grep -v "^#"; ip -br link; ls -I "*.passed" /run'
  const script = `${sbin}; set -e; mount -t tmpfs none /run; iptables -P FORWARD DROP; ${inet('input', 'drop')}
(${show}) >/dev/null; (${show}) >/run/before; set +e
    (${probe.text}) >/dev/null; (${show}) | diff - /run/before`
  execFileSync(
    'unshare',
    ['--map-root-user', '--net', '--mount', '--pid', '--fork', '--kill-child', 'bash', '-c', script],
    { timeout: 60_000 },
  )
})

test('what has passed is tried again only where the rules are others', async () => {
  const { text } = trial(1).probe
  const again = (between: string) => printed(new Script(`(${text})\n${between}\n(${text})`), inet('input', 'accept'))
  const once = await again('true')
  assert.match(once, /^(pass\n)+$/)
  assert.is(await again('nft add rule inet theirs input udp dport 9 drop'), once + once)
  assert.match(await again('nft add rule inet theirs input ip protocol vrrp drop'), /^(pass\n)+drop\n/)
})

test('with a virtual MAC, questions come in by its interface', async () => {
  const vmac = { ...target, cluster: { ...target.cluster, vmac: true } }
  const by = (device: string) =>
    inet('input', 'drop', 'ip protocol vrrp accept', `iifname "${device}" meta l4proto { tcp, udp } th dport 53 accept`)
  assert.is(await refusal(1, 'true', vmac), '')
  assert.match(
    await refusal(1, by('eth0'), vmac),
    /^a question by UDP to 10.2.1.5 does not get through: the nftables chain inet theirs input stops it/,
  )
  assert.is(await refusal(1, by('{ eth0, vrrp.5 }').replaceAll('"', ''), vmac), '')
  // Where neighbours may not ask the node itself, nobody says that they may ask here.
  assert.is(await refusal(1, inet('input', 'drop', 'ip protocol vrrp accept'), vmac), '')
})

test('with AH, adverts are tried as they are then, and their name is told', async () => {
  const ah = { ...target, cluster: { ...target.cluster, auth_type: 'AH' as const } }
  assert.is(await refusal(1, inet('input', 'drop', 'ip protocol ah accept'), ah), '')
  assert.match(
    await refusal(1, inet('input', 'drop', 'ip protocol vrrp accept'), ah),
    /^VRRP from ns2 does not get through: .*: nft insert rule inet theirs input ip protocol ah accept$/,
  )
})

test('a real server in another network, where the router of the others is not: questions come to it', async () => {
  const beyond = inventoryOf(`
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24 }
hosts:
  lb1: { address: 10.2.1.2, role: director }
  lb2: { address: 10.2.1.3, role: director }
  web: { address: 192.168.7.22, role: real_server }
`)
  const [lb1, , web] = beyond.hosts.map((host) => targetOf(beyond, host, facts))
  const ports = 'meta l4proto { tcp, udp } th dport 53 accept'
  assert.is(await refusal(2, 'true', web), '')
  assert.is(await refusal(2, inet('input', 'drop', ports), web), '')
  assert.match(await refusal(2, inet('input', 'drop'), web), /^UDP port 53 for the checks of lb1 does not get through/)
  assert.match(
    await refusal(2, inet('output', 'drop', 'ip daddr 10.2.1.0/24 accept', 'ip daddr 224.0.0.18 accept'), lb1),
    /^checks of web by UDP does not get through/,
  )
})

test('a real server that answers directly may keep quiet about the virtual IP, a director may not', async () => {
  const apart = inventoryOf(`
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, balancing: { method: dr } }
hosts:
  lb1: { address: 10.2.1.2, role: director }
  lb2: { address: 10.2.1.3, role: director }
  web: { address: 10.2.1.22, role: real_server }
`)
  const [lb1, , web] = apart.hosts.map((host) => targetOf(apart, host, facts))
  const quiet = 'arptables-nft -A INPUT -d 10.2.1.5 -j DROP'
  assert.is(await refusal(2, quiet, web), '')
  assert.match(await refusal(2, quiet, lb1), /^ARP for 10.2.1.5 does not get through/)
})

test('without nft, iptables says which rule of nat takes a question elsewhere', async () => {
  const hidden = 'mkdir /run/bin; ln -s /usr/sbin/* /run/bin; rm -f /run/bin/nft; PATH=/run/bin:/usr/bin:/bin'
  assert.match(
    await refusal(2, `${docker('udp')}\n${hidden}`),
    /^a question by UDP to 10.2.1.5 is sent elsewhere .*the chain iptables nat DOCKER does that \(! -i docker0 -p udp .*-j DNAT/,
  )
})

const wire = { device: 'eth0', network: '10.2.1.2/24', router: '10.2.1.1', packets: [] }

test('an address is held for its packet alone: packets from it come in again', async () => {
  const question = { direction: 'in', protocol: 'udp', fromPort: 50000, toPort: 53 } as const
  const holding = { address: '10.2.1.5', like: '10.2.1.2' }
  const packets = [
    { ...question, what: 'a question to it', from: '10.2.1.3', to: '10.2.1.5', holding },
    { ...question, what: 'a question from it', from: '10.2.1.5', to: '10.2.1.2' },
  ]
  const { probe } = packetsPass([{ ...wire, packets }], sh`true`)
  assert.is(await printed(probe, 'true'), 'pass\npass\n')
})

test('rules that iptables can not set are told in its words', async () => {
  const rules = ['*filter', '-I INPUT 1 -p udp -j ACCEPT', '-I INPUT 1 -p udp --nonsense 1 -j ACCEPT', 'COMMIT']
  const { probe, plan } = packetsPass([wire], restored(rules.join('\n')))
  const text = await printed(probe, 'true')
  assert.throws(
    () => plan({ text, code: 0 }, { changes: () => false }),
    /^iptables can not set the cluster's rules: .*unknown option "--nonsense"/,
  )
})

test('a host where it can not be tried is told as such', () => {
  const { plan } = trial(1)
  assert.equal(plan({ text: 'untried=there is no perl\n', code: 0 }, { changes: () => false }), {
    unchanged: true,
    why: 'it could not be tried: there is no perl',
    isUnknown: true,
  })
})

test.run()
