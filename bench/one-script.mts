// The least that work on hosts can cost: connect to all at once, run one shell script on each. Prints what that printed.
//   node bench/one-script.mts INVENTORY [FILE]
import { readFileSync } from 'node:fs'
import { loadInventory } from '../inventory/load.ts'
import { sshTransport } from '../engine/transport/ssh.ts'

const [inventory, file] = process.argv.slice(2)
const script = file ? readFileSync(file, 'utf8') : 'uname -a'
await Promise.all(
  loadInventory(inventory!).hosts.map(async ({ name, ssh }) => {
    const transport = sshTransport(ssh, { name, connectTimeout: 15 })
    await transport.connect()
    const { code, stdout, stderr } = await transport.run(script, { timeout: 600 })
    if (code !== 0) throw new Error(`${name}: exit code ${code}: ${stderr}`)
    process.stdout.write(stdout)
    await transport.close()
  }),
)
