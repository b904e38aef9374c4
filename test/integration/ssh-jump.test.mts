// What ends the way at a jump host is told of that host, with what to do, whoever makes the connection. Against a real sshd.
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Client, each, execute, knownLine, latest, refusal } from './reach.ts'
import { needRoot } from '../root.ts'
import { type Sshd, startSshd } from './sshd.ts'

// Real users and a sudo that works can't be had without.
needRoot('real')
const sshd = await startSshd()
const other = await startSshd({
  address: '127.0.0.1',
  config: 'Ciphers aes128-cbc\nAllowTcpForwarding no\nBanner /srv/sshd/banner\nPasswordAuthentication no',
})
const endings: (() => unknown)[] = [sshd.stop, other.stop]
test.after(async () => {
  for (const end of endings.reverse()) await end()
})
const inside = `[inside]:${sshd.port} ${sshd.hostKey}\n`
const all = knownLine(sshd) + knownLine(other) + inside
const config = () => latest(sshd).config

/** How the way to `inside` ends. @param jump lines of ssh_config for the host of that name, by whose key it is known */
const why = (
  client: Client,
  jump: string,
  { known = all, port = sshd.port, to = sshd, more = '', host = 'inside' } = {},
) =>
  refusal(
    execute(
      sshd,
      {
        ...{ client, host, known, port, connectTimeout: 20 },
        config: `${more}Host inside nosuch.invalid\nProxyJump jump\nHost jump\nUser root\nPort ${to.port}\n${jump}\nHost jump\nHostName 127.0.0.1`,
      },
      '',
    ),
  )

each('nothing in common with the jump host', async (client) => {
  assert.is(
    await why(client, '', { to: other }),
    'ns1: the jump host jump has none of the Ciphers that OpenSSH here has by default\n' +
      `It has aes128-cbc: allow one of these by Ciphers in ${config()}, or one of the others by Ciphers in sshd_config there`,
  )
  assert.match(
    await why(client, 'MACs umac-64@openssh.com\nCiphers aes256-ctr', {
      known: all,
      to: await only('MACs hmac-sha2-256'),
    }),
    /has none of the MACs that \S+ allows: umac-64@openssh\.com\nIt has hmac-sha2-256: /,
  )
})

const servers: Sshd[] = []
async function only(line: string): Promise<Sshd> {
  const server = await startSshd({ address: '127.0.0.1', config: line })
  servers.push(server)
  endings.push(server.stop)
  return server
}

each('a jump host that takes no key', async (client) => {
  const message = await why(client, 'IdentityFile none\nCiphers aes128-cbc', { to: other })
  assert.is(
    message,
    'ns1: the jump host jump refused the login: root@127.0.0.1: Permission denied (publickey).\n' +
      `It asks for no password here: ssh-add a key that it takes, or name it by IdentityFile in ${config()}; ssh -F ${config()} jump has to work without a question`,
  )
})

each('a jump host whose key is not known, or another one', async (client) => {
  assert.is(
    await why(client, '', { known: inside }),
    'ns1: the host key of the jump host jump is unknown\nCompare it on that host itself (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub), ' +
      `then accept it: ssh -F ${config()} jump`,
  )
  const message = await why(client, '', { known: `${inside}[127.0.0.1]:${sshd.port} ${other.hostKey}\n` })
  const { knownHosts } = latest(sshd)
  assert.match(message, 'ns1: the host key of the jump host jump has changed: SHA256:')
  assert.match(message, `is not the one in ${knownHosts} line 2; somebody may be in between.\n`)
  assert.match(message, `ssh-keygen -f "${knownHosts}" -R "[127.0.0.1]:${sshd.port}", then accept the new key`)
  assert.is(message.split('\n').length, 2)
})

each('a jump host that is not reached', async (client) => {
  assert.match(
    await why(client, 'HostName nosuch.invalid'),
    'ns1: the name nosuch.invalid of the jump host jump does not resolve',
  )
  assert.match(
    await why(client, '', { more: 'Host jump\nPort 1\n' }),
    "ns1: the jump host jump can't be reached (127.0.0.1 port 1: Connection refused): is it up",
  )
})

each('a jump host that reaches no further, or may not', async (client) => {
  assert.match(
    await why(client, '', { host: 'nosuch.invalid' }),
    /^ns1: the jump host jump does not reach nosuch\.invalid port \d+ \(connect failed: .*\): is the address right from there/,
  )
  assert.match(
    await why(client, 'Ciphers aes128-cbc', { to: other }),
    /^ns1: the jump host jump refused the login|^ns1: the jump host jump forwards nothing \(administratively prohibited/,
  )
})

each('of two jump hosts, the one that it is', async (client) => {
  const first = `Host inside\nProxyJump root@127.0.0.1:${sshd.port},jump\n`
  assert.match(await why(client, '', { to: other, more: first }), 'the jump host jump has none of the Ciphers')
  const second = `Host inside\nProxyJump root@127.0.0.1:${other.port},jump\n`
  const message = await why(client, '', { more: second })
  assert.match(message, `the jump host root@127.0.0.1:${other.port} has none of the Ciphers`)
})

each('what a jump host greets with is no reason, and hides none', async (client) => {
  const greeting = await only('Banner /srv/sshd/authorized_keys')
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
  endings.push(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const key = join(greeting.folder, 'user')
  const known = `${all}${knownLine(greeting)}`
  const more = `Host inside\nHostName 127.0.0.1\n`
  const message = await why(client, `IdentityFile ${key}`, { to: greeting, known, more, port })
  assert.match(message, `ns1: no SSH connection to 127.0.0.1 port ${port}: `)
  assert.match(message, / attempts\)$/)
})

each('why a program on the way ended', async (client) => {
  const way = join(sshd.folder, 'way')
  await writeFile(way, '#!/bin/sh\necho "no such tunnel" >&2\nexit 1\n', { mode: 0o700 })
  assert.is(
    await refusal(execute(sshd, { client, config: `ProxyCommand ${way}`, connectTimeout: 20 }, '')),
    `ns1: the way to 127.0.0.1 port ${sshd.port} failed: no such tunnel`,
  )
})

test.run()
