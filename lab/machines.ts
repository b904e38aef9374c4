import { UserError } from '../engine/base/errors.ts'
import { didYouMean } from '../engine/base/suggest.ts'

/** A network card of a machine: eth0, eth1 … in order. */
export interface Card {
  /** `cluster`: the cluster's network, a switch. `remote`: a cable from one machine to another. */
  network: 'cluster' | 'remote'
  /** Addresses with prefix lengths; none for a card that is not set up. */
  addresses: readonly string[]
  gateway?: string
}

/** One machine of the lab. */
export interface Machine {
  name: string
  cards: readonly Card[]
  /** Passes packets on between its networks. */
  router?: true
  /** Is off until somebody starts it. */
  spare?: true
}

const node = (name: string, address: string): Machine => ({
  name,
  cards: [
    { network: 'cluster', addresses: [`${address}/24`], gateway: '10.2.1.1' },
    { network: 'cluster', addresses: [] },
  ],
})

/** The machines of the lab. All boot the same image; the kernel's command line and their MAC addresses tell them apart. */
export const machines: readonly Machine[] = [
  node('ns1', '10.2.1.2'),
  node('ns2', '10.2.1.3'),
  {
    name: 'client',
    router: true,
    cards: [
      // The second is the router's: with a whole network it could become the client's own.
      { network: 'cluster', addresses: ['10.2.1.10/24', '10.2.1.1/32'] },
      { network: 'remote', addresses: ['10.3.1.1/24'] },
    ],
  },
  { name: 'remote', cards: [{ network: 'remote', addresses: ['10.3.1.10/24'], gateway: '10.3.1.1' }] },
  { ...node('ns3', '10.2.1.4'), spare: true },
  { ...node('ns4', '10.2.1.40'), spare: true },
]

/** What people know a machine by on its network. */
export const addressOf = ({ cards }: Machine): string => cards[0]!.addresses[0]!.split('/')[0]!

/**
 * A locally administered MAC address.
 * @param card its place among the machine's cards; `management` is the one that SSH comes in by
 */
export function mac({ name }: Machine, card: number | 'management'): string {
  const machine = machines.findIndex((one) => one.name === name) + 1
  const hex = (number: number) => number.toString(16).padStart(2, '0')
  return `02:00:0a:02:${hex(card === 'management' ? 255 : card)}:${hex(machine)}`
}

/**
 * Writes what tells a machine on its kernel's command line who it is (systemd(1)). The id is the machine's own, and the
 * same at each of its boots.
 */
export const identity = ({ name }: Machine): string =>
  `systemd.hostname=${name} systemd.machine_id=${Buffer.from(name.padEnd(16)).toString('hex')}`

/** @throws UserError for a name that is no machine's */
export function machineNamed(name: string): Machine {
  const machine = machines.find((one) => one.name === name)
  const names = machines.map((one) => one.name)
  if (!machine)
    throw new UserError(`unknown machine "${name}"${didYouMean(name, names)}; there are ${names.join(', ')}`)
  return machine
}
