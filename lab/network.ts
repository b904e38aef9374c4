import { spawn } from 'node:child_process'
import { UserError } from '../engine/base/errors.ts'
import { type Disturbance, writeDisturbance } from './disturbance.ts'
import { type Machine, machines } from './machines.ts'
import { labFolder, switchScript } from './paths.ts'
import { processesWith } from './processes.ts'

/** The name of a network card among ports and pulled cables. */
export const cardName = ({ name }: Machine, card: number): string => `${name} eth${card}`

/** All cards of the lab. */
const allCards = machines.flatMap((machine) => machine.cards.map(({ network }, card) => ({ machine, card, network })))

/**
 * Finds where a card's frames go: to the switch, or through a cable to the one other card of its network.
 * @returns a name among the lab's ports
 */
export function peerOf(machine: Machine, card: number): string {
  const { network } = machine.cards[card]!
  if (network === 'cluster') return 'switch'
  const peer = allCards.find((one) => one.network === network && one.machine !== machine)!
  return cardName(peer.machine, peer.card)
}

/**
 * Starts the switch that carries the cluster's network.
 * @param header bytes that stand before the frame in each datagram
 */
export function startSwitch(ports: Readonly<Record<string, number>>, header: number): void {
  writeDisturbance({ percent: 0, milliseconds: 0 })
  const cards = allCards
    .filter(({ network }) => network === 'cluster')
    .map(({ machine, card }) => String(ports[cardName(machine, card)]))
  spawn(process.execPath, [switchScript, labFolder, String(header), String(ports.switch), ...cards], {
    detached: true,
    stdio: 'ignore',
  }).unref()
}

/** Loses and delays frames of the cluster's network from now on. @throws UserError where no lab runs */
export function disturb(wanted: Disturbance): void {
  const pid = switchPid()
  if (pid === undefined) throw new UserError('the lab is not running: npm run lab -- up')
  writeDisturbance(wanted)
  process.kill(pid, 'SIGHUP')
}

/** @returns the process of this checkout's switch, if it runs */
export const switchPid = (): number | undefined => processesWith(switchScript, labFolder)[0]
