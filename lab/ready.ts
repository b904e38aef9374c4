import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { $ } from 'zx'
import { UserError } from '../engine/base/errors.ts'
import { kinds } from './kinds/choose.ts'
import type { Machine } from './machines.ts'
import { sshConfigFile } from './paths.ts'
import type { Runtime } from './runtime.ts'

const quiet = $({ quiet: true, nothrow: true })
/** Seconds that a machine may take to answer SSH. */
const bootTimeout = 300

/** Waits until a machine answers and has done its work, and sets its clock, which a snapshot may have stopped. */
export async function ready(machine: Machine, { kind, ports }: Runtime): Promise<void> {
  const { name } = machine
  const deadline = performance.now() + bootTimeout * 1000
  for (let tries = 1; performance.now() < deadline; tries++) {
    if (listens(ports[name]!)) {
      const command = `sudo date -s @${(Date.now() / 1000).toFixed(2)} && systemctl is-system-running --wait`
      const answer = await quiet`timeout 60 ssh -F ${sshConfigFile} -o ConnectTimeout=3 ${name} ${command}`
      if (/running|degraded/.test(answer.stdout)) return
    }
    await sleep(100)
    // Looking through all processes takes longer than a look at a port.
    if (tries % 10 === 0 && !kinds[kind].pid(machine))
      throw new UserError(`${name} has ended while it booted; see: npm run lab -- logs ${name}`, 1)
  }
  throw new UserError(`${name} did not answer within ${bootTimeout} s; see: npm run lab -- logs ${name}`, 1)
}

/** @returns whether a loopback port has a listener, without connecting to it: proc_pid_net(5) */
function listens(port: number): boolean {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return readFileSync('/proc/net/tcp', 'utf8').includes(`${local} 00000000:0000 0A`)
}
