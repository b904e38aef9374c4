import type { Look } from '../cluster/look.ts'
import { whyReboot } from '../cluster/reboot-required.ts'
import type { Host } from '../inventory/types.ts'
import type { Stage } from '../runner/main.ts'
import type { Wish } from './options.ts'
import type { Scene } from '../cluster/scene.ts'

/** A node to work on, and why it has this place. */
export interface Turn {
  host: Host
  why: string
}

/** Nodes that stand by first, the one that holds the VIP last, so that it moves once. */
export function inTurn(hosts: readonly Host[], looks: readonly Look[], vip: string): Turn[] {
  const holds = (host: Host) => looks.some((look) => look.host === host.name && look.holdsVip)
  return [
    ...hosts.filter((host) => !holds(host)).map((host) => ({ host, why: 'it stands by' })),
    ...hosts.filter(holds).map((host) => ({ host, why: `it holds ${vip}, so it is the last` })),
  ]
}

/**
 * Finds the nodes to work on, and says in which order and why.
 * @returns none where nothing is to be done
 */
export async function chooseTurns({ console, document }: Stage, scene: Scene, wish: Wish): Promise<Turn[]> {
  const { limited, inventory } = scene.session
  const asked = await Promise.all(limited.map((host) => askReason(scene, host)))
  const chosen = limited.filter((_, i) => asked[i] || !wish.onlyIfRequired)
  const turns = inTurn(chosen, await scene.looks(), inventory.cluster.vip)
  for (const { host, why } of turns) {
    const reason = asked[limited.indexOf(host)]
    console.print(`order  ${host.name}  ${why}${reason ? `; reboot required: ${reason}` : ''}`)
  }
  if (turns.length === 0) console.print('no node asks for a reboot: nothing to do')
  document.order = turns.map(({ host, why }) => ({ host: host.name, why }))
  return turns
}

async function askReason(scene: Scene, { name }: Host): Promise<string> {
  const { stdout } = await scene.reach(name).run(whyReboot.text, { timeout: scene.timeout })
  return stdout.toString('utf8').trim()
}
