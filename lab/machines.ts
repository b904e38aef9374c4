/** One machine of the lab. */
export interface Machine {
  name: string
  /** Its address on the cluster's network, on eth0. */
  address: string
  /** Whether it has eth1: on the same network, without an address, for level 3. */
  secondInterface: boolean
}

/** The machines of the lab. All boot the same image; the kernel's command line and their MAC addresses tell them apart. */
export const machines: readonly Machine[] = [
  { name: 'ns1', address: '10.2.1.2', secondInterface: true },
  { name: 'ns2', address: '10.2.1.3', secondInterface: true },
  { name: 'client', address: '10.2.1.10', secondInterface: false },
]

/** Where a machine's interface is: `cluster` is eth0, `second` eth1, `management` the one that SSH comes in by. */
export type Nic = 'cluster' | 'second' | 'management'

/** A locally administered MAC address, from the last octet of the machine's address. */
export function mac(machine: Machine, nic: Nic): string {
  const octet = Number(machine.address.split('.')[3]).toString(16).padStart(2, '0')
  return `02:00:0a:02:0${{ cluster: 0, second: 1, management: 2 }[nic]}:${octet}`
}

/** The cards of a machine that are on the cluster's network. */
export const lanNics = (machine: Machine): Nic[] => (machine.secondInterface ? ['cluster', 'second'] : ['cluster'])
