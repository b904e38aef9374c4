// The least that work on hosts can cost: connect to all at once, run one shell script on each.
import { loadInventory } from '../inventory/load.ts'
import { sshTransport } from '../engine/transport/ssh.ts'

await Promise.all(
  loadInventory(process.argv[2]!).hosts.map(async ({ name, ssh }) => {
    const transport = sshTransport(ssh, { name, connectTimeout: 15 })
    await transport.connect()
    await transport.run('uname -a', { timeout: 60 })
    await transport.close()
  }),
)
