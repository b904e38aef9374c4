// The lab's network: an Ethernet switch. Every network card has a UDP port on loopback, and QEMU puts one frame in a
// datagram. No privilege, no network device on this machine, and it works with every QEMU, also those without vde.
//   node lab/switch.ts FOLDER PORT CARD-PORT…        FOLDER only tells whose switch it is
import { createSocket } from 'node:dgram'

const [port, ...cards] = process.argv.slice(3).map(Number)
const cardOf = new Map<string, number>()
const socket = createSocket('udp4')

socket.on('message', (frame, sender) => {
  if (!cards.includes(sender.port) || frame.length < 14) return
  const [to, from] = [frame.toString('hex', 0, 6), frame.toString('hex', 6, 12)]
  cardOf.set(from, sender.port)
  const known = cardOf.get(to)
  for (const card of known === undefined ? cards : [known]) {
    if (card !== sender.port) socket.send(frame, card, '127.0.0.1')
  }
})
// A card whose machine is off refuses its frames, as an unplugged cable would.
socket.on('error', () => {})
socket.bind(port, '127.0.0.1')
