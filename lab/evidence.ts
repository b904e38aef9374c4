import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { $ } from 'zx'
import { machines } from './machines.ts'
import { labFolder, machineFile, sshConfigFile } from './paths.ts'

/** Where failed tests leave how the machines were; several labs share one. */
export const evidenceFolder: string = process.env.LAB_EVIDENCE ?? join(labFolder, 'failed')

/** What is asked of a machine, by the file that the answer goes to. */
const questions = {
  'journal.txt': 'sudo journalctl --no-pager -b -o short-precise',
  'keepalived.conf': 'sudo cat /etc/keepalived/keepalived.conf',
  'rules.txt': 'sudo iptables-save; sudo nft list ruleset 2>/dev/null; sudo ipvsadm -Ln; sudo ipvsadm -lcn',
  'network.txt': 'ip address; ip rule; ip route show table all; ss -tulpn; sudo sysctl -a 2>/dev/null | grep ^net.ipv4',
  'units.txt': 'systemctl --no-pager --full status; systemctl --no-pager --failed',
}

/**
 * Writes down how each machine is: its console, journal, keepalived.conf, rules, network and units.
 * @param name of what has happened; a folder is called after it
 * @returns the folder
 */
export async function collectEvidence(name: string): Promise<string> {
  const folder = join(evidenceFolder, name.replaceAll(/[^\w.-]+/g, '-').slice(0, 100))
  await Promise.all(
    machines.map(async (machine) => {
      const place = join(folder, machine.name)
      mkdirSync(place, { recursive: true })
      const console_ = machineFile(machine.name, 'log')
      if (existsSync(console_)) cpSync(console_, join(place, 'console.txt'))
      for (const [file, question] of Object.entries(questions)) {
        const ask = $({ quiet: true, nothrow: true })
        const { stdout, stderr } =
          await ask`timeout 30 ssh -F ${sshConfigFile} -o ConnectTimeout=5 ${machine.name} ${question}`
        writeFileSync(join(place, file), stdout + stderr)
      }
    }),
  )
  return folder
}
