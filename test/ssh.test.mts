// Reaching a host by SSH, against a real sshd: login, host keys, the way there, sudo.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { $ } from 'zx/core'
import { sshTransport } from '../engine/transport/ssh.ts'
import { whyNotRoot } from '../engine/transport/sudo.ts'
import { freePort } from '../lab/port.ts'
import { execute, knownLine, latest, reach, refusal, type Way } from './reach.ts'
import { needRoot } from './root.ts'
import { password, startSshd } from './sshd.ts'

// Real users and a sudo that works can't be had without.
needRoot('real')
const sshd = await startSshd()
const endings: (() => unknown)[] = [sshd.stop]
const file = (name: string) => join(sshd.folder, name)
const host = `[127.0.0.1]:${sshd.port}`
const known = knownLine(sshd)

const printed = async (way: Way, script: string) => (await execute(sshd, way, script)).stdout.toString()

test('login: by key file', async () => {
  assert.is(await printed({}, 'id -un'), 'root\n')
})

test('login: by a key of the agent', async () => {
  const socket = file('agent')
  const agent = spawn('ssh-agent', ['-D', '-a', socket])
  endings.push(() => agent.kill())
  await once(agent.stdout, 'data')
  const env = { ...process.env, SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: 'never' }
  await $({ quiet: true, env })`ssh-add -q ${file('stranger')} ${file('user')}`
  const config = `IdentityAgent ${socket}`
  assert.is(await printed({ config, key: 'none' }, 'id -un'), 'root\n')

  const only = { config: `${config}\nIdentitiesOnly yes`, key: file('stranger.pub') }
  assert.match(await refusal(execute(sshd, only, '')), /: tried stranger of the agent$/)
})

test('login: by password, and by keyboard-interactive', async () => {
  const way = { key: 'none', password, becomePassword: password }
  assert.is(await printed({ ...way, user: 'asked' }, 'echo in'), 'in\n')
  assert.is(await printed({ ...way, user: 'typed' }, 'echo in'), 'in\n')
})

test('login: says what was tried when nothing was taken', async () => {
  const way = { key: file('stranger'), config: `IdentityFile ${file('user_encrypted')}`, password: 'wrong' }
  const message = await refusal(execute(sshd, { ...way, user: 'free' }, ''))
  assert.match(message, `ns1: 127.0.0.1 port ${sshd.port} refused free`)
  assert.match(message, `tried ${file('stranger')}, the password; the host takes publickey,`)
  assert.match(message, `${file('user_encrypted')} is encrypted: ssh-add it first`)
  assert.not.match(message, 'wrong')
})

test('login: a certificate is told as what can not be used', async () => {
  await $({ quiet: true })`ssh-keygen -q -s ${file('user')} -I me -n root ${file('stranger.pub')}`
  assert.match(
    await refusal(execute(sshd, { key: file('stranger') }, '')),
    `${file('stranger')}-cert.pub is a certificate, which playbooks can't use`,
  )
  await rm(file('stranger-cert.pub'))
})

test('login: with a key file that is not there', async () => {
  const target = { host: '127.0.0.1', identity_file: file('nowhere') }
  const message = await refusal(sshTransport(target, { name: 'ns1', connectTimeout: 10 }).connect())
  assert.is(message, `ns1: the key file ${file('nowhere')} does not exist`)
})

test('host key: unknown: refused, with the fingerprint and the command to accept it', async () => {
  const message = await refusal(execute(sshd, { known: '' }, 'echo no'))
  const { stdout } = await $({ quiet: true })`ssh-keygen -lf ${file('host_ed25519.pub')}`
  assert.match(message, `the host key of ${host} is unknown: ssh-ed25519 ${stdout.split(' ')[1]}`)
  assert.match(message, `ssh -F ${latest(sshd).config} -l root -p ${sshd.port} 127.0.0.1`)
})

test('host key: changed: refused, with file and line', async () => {
  const other = (await readFile(file('stranger.pub'), 'utf8')).trim()
  const message = await refusal(execute(sshd, { known: `# a comment\n${host} ${other}\n` }, 'echo no'))
  assert.match(message, `the host key of ${host} has changed`)
  assert.match(message, `is not the one in ${latest(sshd).knownHosts} line 2`)
  assert.match(message, `ssh-keygen -f ${latest(sshd).knownHosts} -R `)
})

test('host key: revoked: refused, though it is known as well', async () => {
  assert.match(await refusal(execute(sshd, { known: `${known}@revoked ${known}` }, 'echo no')), 'is revoked')
})

test('host key: known by a hashed name, an alias, or without the port', async () => {
  const hashed = file('hashed')
  await writeFile(hashed, known)
  await $({ quiet: true })`ssh-keygen -q -H -f ${hashed}`
  const text = await readFile(hashed, 'utf8')
  assert.match(text, /^\|1\|/)
  assert.is(await printed({ known: text }, 'echo in'), 'in\n')
  assert.is(await printed({ known: `alias ${sshd.hostKey}\n`, config: 'HostKeyAlias alias' }, 'echo in'), 'in\n')
  assert.is(await printed({ known: `127.0.0.1 ${sshd.hostKey}\n` }, 'echo in'), 'in\n')
})

test('host key: known or revoked behind a blank, and in a file whose name has one', async () => {
  assert.is(await printed({ known: `  ${known}` }, 'echo in'), 'in\n')
  assert.match(
    await refusal(execute(sshd, { known: `${known} @revoked * ${sshd.hostKey}\n` }, 'echo no')),
    'is revoked',
  )
  await writeFile(file('known hosts'), known)
  const config = `UserKnownHostsFile ${file('nowhere')} "${file('known hosts')}"`
  assert.is(await printed({ known: '', config }, 'echo in'), 'in\n')
})

test('host key: a known key of another type is asked for first', async () => {
  // The server has an RSA key too, and shows Ed25519 to who does not ask.
  const rsa = (await readFile(file('host_rsa.pub'), 'utf8')).trim()
  assert.is(await printed({ known: `${host} ${rsa}\n` }, 'echo in'), 'in\n')
})

test('host key: StrictHostKeyChecking no does not open the door', async () => {
  assert.match(await refusal(execute(sshd, { known: '', config: 'StrictHostKeyChecking no' }, 'echo no')), 'is unknown')
})

/** @returns the port of a server that is no sshd */
async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer(onConnection).listen(0, '127.0.0.1')
  endings.push(() => server.close())
  await once(server, 'listening')
  return (server.address() as { port: number }).port
}

test('way: ProxyJump, with names that only the jump host knows', async () => {
  const config = `Host inside\nProxyJump jump\nHost jump\nHostName 127.0.0.1\nUser root\nPort ${sshd.port}`
  const both = `${known}[inside]:${sshd.port} ${sshd.hostKey}\n`
  assert.is(await printed({ host: 'inside', config, known: both }, 'echo in'), 'in\n')

  const message = await refusal(execute(sshd, { host: 'inside', config, known: '' }, 'echo no'))
  assert.match(message, /ns1: the way to inside port .* failed: .*Host key verification failed/s)
})

test('way: ProxyCommand', async () => {
  const config = `ProxyCommand ssh -F none -i ${file('user')} -o UserKnownHostsFile=${file('known')} -W %h:%p -p %p root@%h`
  await writeFile(file('known'), known)
  assert.is(await printed({ config }, 'echo in'), 'in\n')
  const strange = await refusal(
    execute(sshd, { host: 'a"b', connectTimeout: 1, config: 'HostName 127.0.0.1\nProxyCommand echo %n' }, 'echo no'),
  )
  assert.match(strange, /a"b|invalid characters/)
})

test('way: connection refused', async () => {
  const port = await freePort()
  assert.match(await refusal(execute(sshd, { port }, '')), `ns1: 127.0.0.1 port ${port} refused the connection`)
})

test('way: a name that does not exist', async () => {
  assert.match(await refusal(execute(sshd, { host: 'ns1.invalid' }, '')), 'does not resolve')
})

test('way: a server that never speaks', async () => {
  const port = await listen((socket) => socket.on('error', () => {}))
  const message = await refusal(execute(sshd, { port, connectTimeout: 20 }, ''))
  assert.match(message, `127.0.0.1 port ${port} takes connections but does not speak SSH in time`)
})

test('way: a server that takes longer than usual, as ssh_config allows it', async () => {
  const port = await listen((socket) => {
    const onwards = connect(sshd.port, '127.0.0.1')
    for (const end of [socket, onwards]) end.on('error', () => {})
    setTimeout(() => socket.pipe(onwards).pipe(socket), 6000)
  })
  const way = { port, known: `[127.0.0.1]:${port} ${sshd.hostKey}\n`, connectTimeout: 1 }
  assert.match(await refusal(execute(sshd, way, '')), 'does not speak SSH in time')
  assert.is(await printed({ ...way, config: 'ConnectTimeout 60' }, 'echo in'), 'in\n')
})

test('way: what ssh-keygen takes on a busy machine of ours is no time of the host', async () => {
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

test('way: a server that hangs up', async () => {
  const port = await listen((socket) => socket.end())
  assert.match(
    await refusal(execute(sshd, { port, connectTimeout: 3 }, '')),
    `ns1: no SSH connection to 127.0.0.1 port ${port}`,
  )
  const polite = await listen((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))
  assert.match(
    await refusal(execute(sshd, { port: polite, connectTimeout: 3 }, '')),
    `port ${polite}: it was closed by the host`,
  )
})

test('sudo: without a password', async () => {
  assert.is(await printed({ user: 'free' }, 'id -u'), '0\n')
})

test('sudo: where nothing but bash is allowed', async () => {
  assert.is(await printed({ user: 'shell' }, 'id -u'), '0\n')
})

test('sudo: what it says before is no word of the script', async () => {
  const transport = await reach(sshd, { user: 'free' })
  const { stdout, stderr } = await transport.run('sudo -n true; echo mine >&2', { timeout: 20 })
  await transport.close()
  // That it says it at all is shown by a sudo within the script.
  assert.match(stderr, /^sudo: unable to resolve host .*\nmine\n$/)
  assert.is(stdout.toString(), '')
})

test('sudo: with a password, which the script never sees', async () => {
  const outcome = await execute(sshd, { user: 'asked', becomePassword: password }, 'id -u; cat; echo oops >&2')
  assert.equal([outcome.stdout.toString(), outcome.stderr.trim(), outcome.code], ['0\n', 'oops', 0])
})

test('sudo: a password that sudo does not ask for goes nowhere', async () => {
  const outcome = await execute(sshd, { user: 'free', becomePassword: password }, 'id -u; cat')
  assert.equal([outcome.stdout.toString(), outcome.stderr], ['0\n', ''])
})

test('sudo: says why not', async () => {
  const why = (way: Way) => refusal(execute(sshd, way, 'echo no'))
  assert.match(await why({ user: 'asked' }), 'ns1: sudo asks asked for a password: use --ask-become-pass')
  assert.match(await why({ user: 'asked', becomePassword: 'bad' }), 'ns1: sudo did not take the password of asked')
  assert.match(
    await why({ user: 'refused', becomePassword: password }),
    'ns1: sudo does not let refused run bash as root',
  )
  assert.match(await why({ user: 'bare' }), 'ns1: sudo is not installed')
  // As sudo-rs says it, which few distributions have yet.
  const said = whyNotRoot('ns1', 'ann', 'sudo: interactive authentication is required\n', 1)
  assert.match(said, 'ns1: sudo asks ann for a password: use --ask-become-pass')
  const wrong = whyNotRoot('ns1', 'ann', 'sudo: Maximum 3 incorrect authentication attempts\n', 1)
  assert.match(wrong, 'ns1: sudo did not take the password of ann')
})

test.after(async () => {
  for (const end of endings.reverse()) await end()
})

test.run()
