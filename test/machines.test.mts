// What the lab's machines are made of: releases, kernel command lines, and the switch between them.
import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { commandLine } from '../lab/kinds/uml.ts'
import { machineNamed, machines } from '../lab/machines.ts'
import { cardName } from '../lab/network.ts'
import { switchScript } from '../lab/paths.ts'
import { freePorts } from '../lab/port.ts'
import { releasesOf } from '../lab/releases.ts'
import type { Runtime } from '../lab/runtime.ts'

const names = ['ns1', 'ns2']

for (const [text, wanted] of [
  ['', { ns1: '12', ns2: '12' }],
  ['13', { ns1: '13', ns2: '13' }],
  ['ns2=13', { ns1: '12', ns2: '13' }],
  ['13,ns1=12', { ns1: '12', ns2: '13' }],
  ['ns1=el9', { ns1: 'el9', ns2: '12' }],
] as const) {
  test(`releases: "${text}"`, () => assert.equal(releasesOf(text, names), wanted))
}

for (const [text, message] of [
  ['14', 'unknown release "14"; there are 12, 13, 12-apparmor, el8, el9, el10'],
  ['bookworm', 'unknown release "bookworm"; there are 12, 13, 12-apparmor, el8, el9, el10'],
  ['ns3=13', 'unknown machine "ns3" (did you mean "ns1"?); there are ns1, ns2'],
  ['ns1=', 'unknown release ""; there are 12, 13, 12-apparmor, el8, el9, el10'],
] as const) {
  test(`releases: "${text}" is refused`, () =>
    assert.throws(
      () => releasesOf(text, names),
      (error: Error) => error.message === message,
    ))
}

const runtime = (cut: string[]): Runtime => ({
  kind: 'uml',
  releases: { ...Object.fromEntries(machines.map(({ name }) => [name, '12'])), ns2: 'el9' },
  images: Object.fromEntries(machines.map(({ name }) => [name, '/image'])),
  uml: { kernel: '/kernel', memory: '/dev/shm' },
  sockets: '/tmp/lab-x',
  ports: Object.fromEntries([
    ['switch', 1000],
    ...machines.flatMap((machine) => [...machine.cards.keys()].map((card, at) => [cardName(machine, card), 2000 + at])),
  ]),
  off: [],
  cut,
})

test('a machine starts with the cables pulled that were pulled before, and without others', () => {
  const ns1 = machineNamed('ns1')
  assert.ok(commandLine(ns1, runtime(['ns1 eth1', 'ns2 eth0'])).includes('lab_cut=vec1'))
  assert.ok(commandLine(ns1, runtime(['ns1 eth0', 'ns1 eth1'])).includes('lab_cut=vec0,vec1'))
  assert.not.ok(commandLine(ns1, runtime(['ns2 eth0'])).some((word) => word.startsWith('lab_cut')))
})

test('SELinux is for the machines alone whose release has it', () => {
  const words = (name: string) =>
    commandLine(machineNamed(name), runtime([])).filter((word) => /selinux|audit/.test(word))
  assert.equal([words('ns1'), words('ns2')], [['audit=0'], ['security=selinux', 'selinux=1']])
})

/** Cards, a switch between them, and what each card has heard. */
async function switched(header: number, work: (cards: Socket[], heard: string[][], port: number) => Promise<void>) {
  const cards = [createSocket('udp4'), createSocket('udp4'), createSocket('udp4')]
  const stranger = createSocket('udp4')
  const probe = createSocket('udp4')
  for (const socket of [...cards, stranger, probe]) {
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
  }
  const heard = cards.map((): string[] => [])
  cards.forEach((card, index) => card.on('message', (frame) => heard[index]!.push(frame.toString('hex'))))
  const { port } = probe.address()
  probe.close()
  const ports = cards.map((card) => String(card.address().port))
  const running: ChildProcess = spawn(process.execPath, [switchScript, 'test', String(header), String(port), ...ports])
  try {
    await work([...cards, stranger], heard, port)
  } finally {
    running.kill()
    for (const socket of [...cards, stranger]) socket.close()
  }
}

const a = '02000a020001'
const b = '02000a020002'
const frame = (header: number, to: string, from: string, text: string) =>
  Buffer.from('00'.repeat(header) + to + from + Buffer.from(text).toString('hex'), 'hex')

for (const header of [0, 8]) {
  test(`the switch, ${header} bytes before the frame: to all until it knows a card, never back, never for strangers`, () =>
    switched(header, async ([one, two, , stranger], heard, port) => {
      const toAll = frame(header, 'ffffffffffff', a, 'hello')
      for (let left = 100; left > 0 && heard[1]!.length === 0; left--) {
        one!.send(toAll, port, '127.0.0.1')
        await sleep(50)
      }
      assert.ok(heard[1]!.includes(toAll.toString('hex')) && heard[2]!.includes(toAll.toString('hex')))
      assert.equal(heard[0], [])
      for (const list of heard) list.length = 0
      const answer = frame(header, a, b, 'to one')
      const marker = frame(header, 'ffffffffffff', b, 'after it')
      stranger!.send(frame(header, a, b, 'strange'), port, '127.0.0.1')
      two!.send(answer, port, '127.0.0.1')
      two!.send(marker, port, '127.0.0.1')
      for (let left = 100; left > 0 && heard[2]!.length === 0; left--) await sleep(50)
      assert.equal(heard[2], [marker.toString('hex')])
      assert.equal(heard[0], [answer.toString('hex'), marker.toString('hex')])
    }))
}

test("a machine's card does not lose its port to a program that asks the kernel for any", async () => {
  const ports = Object.values(await freePorts(['switch', 'ns1', 'ns1 eth0']))
  const [first] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t')
  assert.is(new Set(ports).size, 3)
  assert.ok(ports.every((port) => port < Number(first)))
})

test.run()
