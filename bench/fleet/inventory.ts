import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fleetSshConfig } from '../../lab/fleet/fleet.ts'
import { type FleetHost, fleetHosts, fleetNetwork } from '../../lab/fleet/plan.ts'

/** The inventories of a fleet. */
export interface Inventories {
  /** One cluster of all hosts. */
  whole: string
  /** Clusters of two hosts. */
  pairs: string[]
  /** For Ansible. */
  ansible: string
}

/** @returns a cluster of hosts: JSON is YAML as well */
export const clusterOf = (number: number, hosts: readonly FleetHost[]): string =>
  JSON.stringify({
    ssh: { config: fleetSshConfig },
    cluster: {
      name: `c${number}`,
      vip: `10.4.2.${number}`,
      network: fleetNetwork.cidr,
      gateway: fleetNetwork.runner,
    },
    hosts: Object.fromEntries(hosts.map(({ name, address }) => [name, { address }])),
  })

/** Writes the inventories of so many hosts to a folder. */
export function writeInventories(folder: string, count: number): Inventories {
  mkdirSync(folder, { recursive: true })
  const write = (name: string, text: string) => {
    const file = join(folder, name)
    writeFileSync(file, text)
    return file
  }
  const hosts = fleetHosts(count)
  const pairs = Array.from({ length: Math.floor(count / 2) }, (_, index) => hosts.slice(2 * index, 2 * index + 2))
  const variables = { ansible_python_interpreter: '/usr/bin/python3' }
  return {
    whole: write('whole.yaml', clusterOf(250, hosts)),
    pairs: pairs.map((pair, index) => write(`pair${index + 1}.yaml`, clusterOf(index + 1, pair))),
    ansible: write(
      'ansible.yaml',
      JSON.stringify({ all: { vars: variables, hosts: Object.fromEntries(hosts.map(({ name }) => [name, {}])) } }),
    ),
  }
}
