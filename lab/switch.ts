// The lab's network: an Ethernet switch. Every network card has a UDP port on loopback, and machines put one frame in a
// datagram. No privilege, and no network device on this machine.
//   node lab/switch.ts FOLDER HEADER PORT CARD-PORT…
//     FOLDER is the lab's, and holds `disturbed`; HEADER: bytes that stand before the frame in each datagram
// SIGHUP: reads anew how much is lost, and how late frames come.
import { createSocket } from 'node:dgram'
import { disturbance } from './disturbance.ts'

const [header, port, ...cards] = process.argv.slice(3).map(Number) as [number, number, ...number[]]
let { percent, milliseconds } = disturbance()
process.on('SIGHUP', () => {
  ;({ percent, milliseconds } = disturbance())
})
const cardOf = new Map<string, number>()
const socket = createSocket('udp4')

socket.on('message', (datagram, sender) => {
  if (!cards.includes(sender.port) || datagram.length < header + 14) return
  const [to, from] = [datagram.toString('hex', header, header + 6), datagram.toString('hex', header + 6, header + 12)]
  cardOf.set(from, sender.port)
  const known = cardOf.get(to)
  for (const card of known === undefined ? cards : [known]) {
    if (card !== sender.port) deliver(datagram, card)
  }
})

function deliver(datagram: Buffer, card: number): void {
  if (Math.random() * 100 < percent) return
  const send = () => socket.send(datagram, card, '127.0.0.1')
  if (milliseconds > 0) setTimeout(send, Math.random() * milliseconds)
  else send()
}

// A card whose machine is off refuses its frames, as an unplugged cable would.
socket.on('error', () => {})
socket.bind(port, '127.0.0.1')
