// Reaching a host by SSH, against a real sshd: the way there, and servers that are none.
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { freePort } from '../../lab/port.ts'
import { type Client, each, execute, knownLine, refusal, type Way } from './reach.ts'
import { needRoot } from '../root.ts'
import { startSshd } from './sshd.ts'

// Real users and a sudo that works can't be had without.
needRoot('real')
const sshd = await startSshd()
const endings: (() => unknown)[] = [sshd.stop]
const file = (name: string) => join(sshd.folder, name)
const known = knownLine(sshd)

const printed = async (way: Way, script: string) => (await execute(sshd, way, script)).stdout.toString()

/** @returns the port of a server that is no sshd */
async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer(onConnection).listen(0, '127.0.0.1')
  endings.push(() => server.close())
  await once(server, 'listening')
  return (server.address() as { port: number }).port
}

each('ProxyJump, with names that only the jump host knows', async (client) => {
  const config = `Host inside\nProxyJump jump\nHost jump\nHostName 127.0.0.1\nUser root\nPort ${sshd.port}`
  const both = `${known}[inside]:${sshd.port} ${sshd.hostKey}\n`
  assert.is(await printed({ client, host: 'inside', config, known: both }, 'echo in'), 'in\n')

  const message = await refusal(execute(sshd, { client, host: 'inside', config, known: '' }, 'echo no'))
  assert.match(message, /^ns1: the host key of the jump host jump is unknown\n/)
})

each('ProxyCommand', async (client) => {
  const config = `ProxyCommand ssh -F none -i ${file('user')} -o UserKnownHostsFile=${file('known')} -W %h:%p -p %p root@%h`
  await writeFile(file('known'), known)
  assert.is(await printed({ client, config }, 'echo in'), 'in\n')
  const strange = await refusal(
    execute(
      sshd,
      { client, host: 'a"b', connectTimeout: 1, config: 'HostName 127.0.0.1\nProxyCommand echo %n' },
      'echo no',
    ),
  )
  assert.match(strange, /a"b|invalid characters/)
})

each('connection refused', async (client) => {
  const port = await freePort()
  assert.match(await refusal(execute(sshd, { client, port }, '')), `ns1: 127.0.0.1 port ${port} refused the connection`)
})

each('a name that does not exist', async (client) => {
  assert.match(await refusal(execute(sshd, { client, host: 'ns1.invalid' }, '')), 'does not resolve')
})

const silent: Record<Client, string> = {
  auto: 'takes connections but does not speak SSH in time',
  openssh: 'did not finish the login in time',
}
each('a server that never speaks', async (client) => {
  const port = await listen((socket) => socket.on('error', () => {}))
  const message = await refusal(execute(sshd, { client, port, connectTimeout: 20 }, ''))
  assert.match(message, `127.0.0.1 port ${port} ${silent[client]}`)
})

each('a server that takes longer than usual, as ssh_config allows it', async (client) => {
  const port = await listen((socket) => {
    const onwards = connect(sshd.port, '127.0.0.1')
    for (const end of [socket, onwards]) end.on('error', () => {})
    setTimeout(() => socket.pipe(onwards).pipe(socket), 6000)
  })
  const way = { client, port, known: `[127.0.0.1]:${port} ${sshd.hostKey}\n`, connectTimeout: 1 }
  assert.match(await refusal(execute(sshd, way, '')), silent[client])
  assert.is(await printed({ ...way, config: 'ConnectTimeout 60' }, 'echo in'), 'in\n')
})

test('what ssh-keygen takes on a busy machine of ours is no time of the host', async () => {
  const folder = file('busy')
  await mkdir(folder)
  await writeFile(join(folder, 'ssh-keygen'), '#!/bin/sh\nsleep 4\nPATH=${PATH#*:} exec ssh-keygen "$@"\n', {
    mode: 0o755,
  })
  const path = process.env.PATH
  process.env.PATH = `${folder}:${path}`
  try {
    assert.is(await printed({ connectTimeout: 4 }, 'echo in'), 'in\n')
  } finally {
    process.env.PATH = path
  }
})

each('a server that hangs up', async (client) => {
  const port = await listen((socket) => socket.end())
  assert.match(
    await refusal(execute(sshd, { client, port, connectTimeout: 3 }, '')),
    `ns1: no SSH connection to 127.0.0.1 port ${port}`,
  )
  const polite = await listen((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))
  assert.match(
    await refusal(execute(sshd, { client, port: polite, connectTimeout: 3 }, '')),
    client === 'auto' ? `port ${polite}: it was closed by the host` : `port ${polite}: `,
  )
})

test.after(async () => {
  for (const end of endings.reverse()) await end()
})

test.run()
