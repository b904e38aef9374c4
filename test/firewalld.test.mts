// What zones of firewalld get, by what firewall-cmd 1.3.3 has printed.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { isChange } from '../engine/runner/task.ts'
import type { Packet, Rule } from '../tasks/os/firewall/firewall.ts'
import { firewalld } from '../tasks/os/firewall/firewalld.ts'

const vrrp: Rule = { name: 'vrrp-in', accept: 'in', interface: 'eth0', protocol: '112', to: '224.0.0.18/32' }
const out: Rule = { ...vrrp, name: 'vrrp-out', accept: 'out' }
const dns: Rule = { name: 'questions', accept: 'in', interface: 'eth1', protocol: 'udp', toPort: 53 }
const answers: Rule = {
  ...{ name: 'answers', accept: 'forward', interface: 'eth0', protocol: 'udp' },
  ...{ from: '10.2.1.3/32', fromPort: 53 },
}

const wire = { device: 'eth0', network: '10.2.1.2/24', router: '10.2.1.1', packets: [] }
const tasks = (...rules: Rule[]) => firewalld.tasks(rules, [wire]).filter(({ key }) => key?.startsWith('firewalld '))

const zone = (name: string, interfaces: string, forward: string, rules: readonly string[]) => `${name}
  target: default
  icmp-block-inversion: no
  interfaces: ${interfaces}
  sources: 
  services: dhcpv6-client ssh
  ports: 
  protocols: 
  forward: ${forward}
  masquerade: no
  forward-ports: 
  source-ports: 
  icmp-blocks: 
  rich rules: 
${rules.map((rule) => `\t${rule}\n`).join('')}
`
const vrrpRule = 'rule family="ipv4" destination address="224.0.0.18/32" protocol value="vrrp" accept'
const dnsRule = 'rule family="ipv4" port port="53" protocol="udp" accept'

interface Zones {
  home?: readonly string[]
  public?: readonly string[]
  forward?: string
}
const printed = (live: Zones, permanent: Zones) => {
  const zones = ({ home = [], public: rules = [], forward = 'no' }: Zones) =>
    zone('home (active)', 'eth1', 'no', home) + zone('public (active)', 'eth0 mgmt0', forward, rules)
  return `default=public\nlive\n${zones(live)}\npermanent\n${zones(permanent)}`
}

/** @returns each change, as what it is called, what it does and what undoes it */
const planned = (text: string, ...rules: Rule[]) =>
  tasks(...rules).flatMap(({ name, plan }) => {
    const answer = plan({ text, code: 0 }, { changes: () => false })
    const words = (script: string) =>
      script
        .replaceAll(/\$?'((?:\\'|[^'])*)'/g, '$1')
        .replaceAll("\\'", "'")
        .split('\n')
    return isChange(answer)
      ? [{ name, after: answer.after, apply: words(answer.apply.text), undo: words(answer.undo.text) }]
      : []
  })

const all = { home: [dnsRule], public: [vrrpRule], forward: 'yes' }

test('each interface has its own zone; what goes out needs none, what goes through is forwarded in it', () => {
  const found = planned(printed({}, {}), vrrp, out, dns, answers)
  assert.equal(
    found.map(({ after }) => after),
    [`public: ${vrrpRule}`, `home: ${dnsRule}`, 'public: forward'],
  )
  assert.equal(found[2]!.apply, [
    'firewall-cmd -q --permanent --zone=public --add-forward',
    'firewall-cmd -q  --zone=public --add-forward',
  ])
  assert.equal(planned(printed(all, all), vrrp, out, dns, answers), [])
})

test('what is there live alone, or at boot alone, is completed, and undone no further', () => {
  const add = (text: string) =>
    planned(text, vrrp).map(({ apply, undo }) => [...apply, ...undo].map((one) => one.replaceAll('"', '')))
  const words = (how: string, verb: string) =>
    `firewall-cmd -q ${how} --zone=public --${verb}-rich-rule=${vrrpRule.replaceAll('"', '')}`
  assert.equal(add(printed(all, {})), [[words('--permanent', 'add'), words('--permanent', 'remove')]])
  assert.equal(add(printed({}, all)), [[words('', 'add'), words('', 'remove')]])
})

test('answers of several nodes are forwarded by one line of the zone', () => {
  assert.is(tasks(answers, { ...answers, name: 'more', from: '10.2.1.4/32' }).length, 2)
})

test('adverts of IPv6 have a rule of their own family', () => {
  const [found] = planned(printed({}, {}), { ...vrrp, to: 'ff02::12/128' })
  assert.is(found!.after, 'public: rule family="ipv6" destination address="ff02::12/128" protocol value="vrrp" accept')
})

test('a rule with a source, and one for where packets come from, in the words of firewalld', () => {
  const [one, two] = planned(
    printed({}, {}),
    { ...vrrp, protocol: '51', from: '10.2.1.3/32', to: '10.2.1.2/32' },
    { name: 'from', accept: 'in', interface: 'eth0', protocol: 'tcp', fromPort: 53 },
  )
  assert.is(
    one!.after,
    'public: rule family="ipv4" source address="10.2.1.3/32" destination address="10.2.1.2/32" protocol value="ah" accept',
  )
  assert.is(two!.after, 'public: rule family="ipv4" source-port port="53" protocol="tcp" accept')
})

test('a zone that has an interface as the default one does not forward there: it is named, and left to NetworkManager where that has named it', () => {
  const other: Rule = { ...answers, interface: 'eth7' }
  const named = planned(printed(all, all), other)
  assert.equal(
    named.map(({ after, apply }) => [after, ...apply]),
    [
      [
        'public: interface eth7',
        'firewall-cmd -q --permanent --zone=public --add-interface=eth7',
        'firewall-cmd -q  --zone=public --add-interface=eth7',
      ],
    ],
  )
  assert.equal(
    planned(
      printed(all, all).replace(/permanent[^]*/, (text) => text.replace('eth0 mgmt0', '')),
      answers,
    ),
    [],
  )
})

test('a zone that has nodes by their addresses gets the rule too, since theirs come there in place of the zone of the interface', () => {
  const packets: Packet[] = ['10.2.1.3', '10.9.0.4'].map((from) => ({
    ...{ what: `VRRP from ${from}`, direction: 'in', protocol: '112', from, to: '224.0.0.18' },
  }))
  const task = firewalld
    .tasks([vrrp, answers], [{ ...wire, packets }])
    .filter(({ name }) => name.startsWith('firewalld'))
  const plan = (sources: string, before: Zones) => {
    const text = printed(before, before).replaceAll(/(home [^]*?sources: )/g, `$1${sources}`)
    return task.flatMap((one) => {
      const answer = one.plan({ text, code: 0 }, { changes: () => false })
      return isChange(answer) ? answer.after : answer.why ? [answer.why] : []
    })
  }
  for (const sources of ['10.2.1.0/24', '10.2.1.3', 'ipset:nodes 10.2.0.0/16 52:54:00:12:34:56'])
    assert.equal(plan(sources, all), [
      `public: ${vrrpRule}\nhome: ${vrrpRule}`,
      'whether a policy of firewalld lets answers pass from 10.2.1.3, which the zone home has by its source, to the zone public: without one, they are dropped',
    ])
  for (const sources of ['', '10.2.2.0/24', 'ipset:nodes', '2001:db8::/32', '10.2.1.2'])
    assert.equal(plan(sources, all), [], sources)
})

test('an interface in no zone is in the default one', () => {
  assert.match(planned(printed({}, {}), { ...vrrp, interface: 'eth7' })[0]!.after, /^public: /)
})

test('a firewalld that does not answer is told before anything changes', () => {
  const text = 'default=public\nbroken=Error: Did not receive a reply.\nlive\n\npermanent\n'
  assert.throws(() => planned(text, vrrp), /^firewall-cmd --list-all-zones fails: Error: Did not receive a reply\.$/)
})

test.run()
