import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { labFolder, sshConfigFile } from '../../lab/paths.ts'
import { labInventory } from '../lab/cluster.ts'

/** How an inventory differs from the lab's. */
export interface Differences {
  /** What is written in place of which text. */
  replace?: Record<string, string>
  /** Addresses by which nodes are reached through `client`, by name. */
  ways?: Record<string, string>
}

/** Writes an inventory like the lab's. @returns the words that name it to a playbook */
export function inventory({ replace = {}, ways = {} }: Differences): string[] {
  const folder = join(labFolder, 'faults')
  mkdirSync(folder, { recursive: true })
  const config = join(folder, 'ssh_config')
  const jumps = Object.entries(ways).map(
    ([node, address]) => `Host ${node}\n  HostName ${address}\n  Port 22\n  ProxyJump client\n`,
  )
  writeFileSync(config, `${jumps.join('')}Host *\n  Include ${sshConfigFile}\n`)
  let text = readFileSync(labInventory, 'utf8').replace('../.lab/ssh_config', config)
  for (const [before, after] of Object.entries(replace)) {
    if (!text.includes(before)) throw new Error(`the lab's inventory has no "${before}"`)
    text = text.replace(before, after)
  }
  const file = join(folder, 'inventory.yaml')
  writeFileSync(file, text)
  return ['--inventory', file]
}
