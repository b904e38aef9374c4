// Packet filters of others that stop adverts of IPv6, and adverts on other interfaces: tried by real packets.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { targetOf } from '../../tasks/target.ts'
import { inventoryOf } from '../variants.ts'
import { facts, inet, judged, refusal } from './trial-host.ts'

const of = (cluster: string, hosts = ['', '']) => {
  const inventory = inventoryOf(`
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, ${cluster} }
hosts: { ns1: { address: 10.2.1.2${hosts[0]} }, ns2: { address: 10.2.1.3${hosts[1]} } }
`)
  return targetOf(inventory, inventory.hosts[0]!, facts)
}
const six = 'instances: { six: { vip: "fd00:6::5", virtual_router_id: 6 } }'
const hosts6 = [', address6: "fd00:6::2"', ', address6: "fd00:6::3"']
const ways = { multicast: ['', ['', '']], unicast: ['unicast: true, ', hosts6] } as const

for (const [how, [unicast, hosts]] of Object.entries(ways)) {
  const by = (firewall: string) => of(`firewall: ${firewall}, ${unicast}${six}`, [...hosts])

  test(`by ${how}: rules in nftables let adverts pass where others drop all but IPv4`, async () => {
    for (const hook of ['input', 'output'])
      assert.equal(
        await judged(1, inet(hook, 'drop', 'meta nfproto ipv4 accept'), by('nftables')),
        { unchanged: true },
        hook,
      )
    assert.is(await refusal(1, inet('input', 'drop').replaceAll('inet', 'ip6'), by('nftables')), '')
  })

  test(`by ${how}: rules in iptables likewise`, async () => {
    assert.is(await refusal(1, 'ip6tables -P INPUT DROP; ip6tables -P OUTPUT DROP', by('iptables')), '')
    assert.match(
      await refusal(1, inet('input', 'drop', 'meta nfproto ipv4 accept'), by('iptables')),
      /^VRRP of IPv6 from ns2 does not get through: .*: nft insert rule inet theirs input meta l4proto vrrp accept$/,
    )
  })

  test(`by ${how}: what nobody lets pass is named, with its cure`, async () => {
    assert.match(
      await refusal(1, 'ip6tables -P INPUT DROP', by('none')),
      /^VRRP of IPv6 from ns2 does not get through: the chain INPUT in the table filter of ip6tables stops it .*: ip6tables -I INPUT -p 112 -j ACCEPT$/,
    )
    assert.match(
      await refusal(1, 'ip6tables -A OUTPUT -p vrrp -j DROP', by('none')),
      /^VRRP of IPv6 to .* does not get through: the chain OUTPUT in the table filter of ip6tables stops it/,
    )
  })
}

test('a chain that comes before those of the rules is named', async () => {
  const early = (family: string) => `nft -f - <<'END'
table ${family} theirs {
  chain early { type filter hook prerouting priority -150; meta l4proto vrrp drop; }
}
END`
  for (const family of ['ip6', 'inet'])
    assert.match(
      await refusal(1, early(family), of(six)),
      /^VRRP (of IPv6 )?from ns2 does not get through: the nftables chain (ip6|inet) theirs early stops it/,
    )
})

test('without an instance of IPv6, nobody asks what drops it', async () => {
  assert.is(await refusal(1, 'ip6tables -P INPUT DROP; ip6tables -P OUTPUT DROP'), '')
})

test('by unicast, adverts on another interface are tried there', async () => {
  const elsewhere = of('unicast: true, instances: { inside: { vip: 10.9.1.1, interface: eth1 } }', [
    ', addresses: { inside: 10.9.1.2 }',
    ', addresses: { inside: 10.9.1.3 }',
  ])
  assert.is(await refusal(1, 'iptables -P INPUT DROP; iptables -A INPUT -i lo -j ACCEPT', elsewhere), '')
  assert.match(
    await refusal(1, inet('input', 'accept', 'iifname "eth1" ip protocol vrrp drop'), elsewhere),
    /^VRRP from ns2 does not get through: the nftables chain inet theirs input stops it/,
  )
})

test.run()
