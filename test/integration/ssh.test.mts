// Reaching a host by SSH, against a real sshd: login, host keys, sudo.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { $ } from 'zx/core'
import { sshTransport } from '../../engine/transport/ssh.ts'
import { whyNotRoot } from '../../engine/transport/sudo.ts'
import { each, execute, knownLine, latest, reach, refusal, type Way } from './reach.ts'
import { needRoot } from '../root.ts'
import { password, startSshd } from './sshd.ts'

// Real users and a sudo that works can't be had without.
needRoot('real')
const sshd = await startSshd()
const endings: (() => unknown)[] = [sshd.stop]
const file = (name: string) => join(sshd.folder, name)
const host = `[127.0.0.1]:${sshd.port}`
const known = knownLine(sshd)

const printed = async (way: Way, script: string) => (await execute(sshd, way, script)).stdout.toString()

each('login: by key file', async (client) => {
  assert.is(await printed({ client }, 'id -un'), 'root\n')
})

each('login: by a key of the agent', async (client) => {
  const socket = file(`agent-${client}`)
  const agent = spawn('ssh-agent', ['-D', '-a', socket])
  endings.push(() => agent.kill())
  await once(agent.stdout, 'data')
  const env = { ...process.env, SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: 'never' }
  await $({ quiet: true, env })`ssh-add -q ${file('stranger')} ${file('user')}`
  const config = `IdentityAgent ${socket}`
  assert.is(await printed({ client, config, key: 'none' }, 'id -un'), 'root\n')

  const only = { client, config: `${config}\nIdentitiesOnly yes`, key: file('stranger.pub') }
  assert.match(
    await refusal(execute(sshd, only, '')),
    client === 'auto' ? /: tried stranger of the agent$/ : / refused root: .*Permission denied/,
  )
})

each('login: by password, and by keyboard-interactive', async (client) => {
  const way = { client, key: 'none', password, becomePassword: password }
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

each('login: with a key file that is not there', async (client) => {
  const target = { host: '127.0.0.1', client, identity_file: file('nowhere') }
  const message = await refusal(sshTransport(target, { name: 'ns1', connectTimeout: 10 }).connect())
  assert.is(message, `ns1: the key file ${file('nowhere')} does not exist`)
})

each('host key: unknown: refused, with the fingerprint and the command to accept it', async (client) => {
  const message = await refusal(execute(sshd, { client, known: '' }, 'echo no'))
  const { stdout } = await $({ quiet: true })`ssh-keygen -lf ${file('host_ed25519.pub')}`
  // The program ssh shows it to people alone.
  assert.match(
    message,
    `the host key of ${host} is unknown${client === 'auto' ? `: ssh-ed25519 ${stdout.split(' ')[1]}` : ''}`,
  )
  assert.match(message, `ssh -F ${latest(sshd).config} -l root -p ${sshd.port} 127.0.0.1`)
})

each('host key: changed: refused, with file and line', async (client) => {
  const other = (await readFile(file('stranger.pub'), 'utf8')).trim()
  const message = await refusal(execute(sshd, { client, known: `# a comment\n${host} ${other}\n` }, 'echo no'))
  assert.match(message, `the host key of ${host} has changed`)
  assert.match(message, `is not the one in ${latest(sshd).knownHosts} line 2`)
  assert.match(message, `ssh-keygen -f ${latest(sshd).knownHosts} -R `)
})

each('host key: revoked: refused, though it is known as well', async (client) => {
  assert.match(await refusal(execute(sshd, { client, known: `${known}@revoked ${known}` }, 'echo no')), 'is revoked')
})

each('host key: known by a hashed name, an alias, or without the port', async (client) => {
  const hashed = file('hashed')
  await writeFile(hashed, known)
  await $({ quiet: true })`ssh-keygen -q -H -f ${hashed}`
  const text = await readFile(hashed, 'utf8')
  assert.match(text, /^\|1\|/)
  assert.is(await printed({ client, known: text }, 'echo in'), 'in\n')
  assert.is(
    await printed({ client, known: `alias ${sshd.hostKey}\n`, config: 'HostKeyAlias alias' }, 'echo in'),
    'in\n',
  )
  assert.is(await printed({ client, known: `127.0.0.1 ${sshd.hostKey}\n` }, 'echo in'), 'in\n')
})

each('host key: known or revoked behind a blank, and in a file whose name has one', async (client) => {
  assert.is(await printed({ client, known: `  ${known}` }, 'echo in'), 'in\n')
  assert.match(
    await refusal(execute(sshd, { client, known: `${known} @revoked * ${sshd.hostKey}\n` }, 'echo no')),
    'is revoked',
  )
  await writeFile(file('known hosts'), known)
  const config = `UserKnownHostsFile ${file('nowhere')} "${file('known hosts')}"`
  assert.is(await printed({ client, known: '', config }, 'echo in'), 'in\n')
})

each('host key: a known key of another type is asked for first', async (client) => {
  // The server has an RSA key too, and shows Ed25519 to who does not ask.
  const rsa = (await readFile(file('host_rsa.pub'), 'utf8')).trim()
  assert.is(await printed({ client, known: `${host} ${rsa}\n` }, 'echo in'), 'in\n')
})

each('host key: StrictHostKeyChecking no does not open the door', async (client) => {
  assert.match(
    await refusal(execute(sshd, { client, known: '', config: 'StrictHostKeyChecking no' }, 'echo no')),
    'is unknown',
  )
})

each('sudo: without a password', async (client) => {
  assert.is(await printed({ client, user: 'free' }, 'id -u'), '0\n')
})

each('sudo: where nothing but bash is allowed', async (client) => {
  assert.is(await printed({ client, user: 'shell' }, 'id -u'), '0\n')
})

each('sudo: what it says before is no word of the script', async (client) => {
  const transport = await reach(sshd, { client, user: 'free' })
  const { stdout, stderr } = await transport.run('sudo -n true; echo mine >&2', { timeout: 20 })
  await transport.close()
  // That it says it at all is shown by a sudo within the script.
  assert.match(stderr, /^sudo: unable to resolve host .*\nmine\n$/)
  assert.is(stdout.toString(), '')
})

each('sudo: with a password, which the script never sees', async (client) => {
  const outcome = await execute(sshd, { client, user: 'asked', becomePassword: password }, 'id -u; cat; echo oops >&2')
  assert.equal([outcome.stdout.toString(), outcome.stderr.trim(), outcome.code], ['0\n', 'oops', 0])
})

each('sudo: a password that sudo does not ask for goes nowhere', async (client) => {
  const outcome = await execute(sshd, { client, user: 'free', becomePassword: password }, 'id -u; cat')
  assert.equal([outcome.stdout.toString(), outcome.stderr], ['0\n', ''])
})

each('sudo: says why not', async (client) => {
  const why = (way: Way) => refusal(execute(sshd, { ...way, client }, 'echo no'))
  assert.match(
    await why({ user: 'asked' }),
    'ns1: sudo asks asked for a password: use --ask-become-pass or become_password in the inventory',
  )
  assert.match(await why({ user: 'asked', becomePassword: 'bad' }), 'ns1: sudo did not take the password of asked')
  assert.match(
    await why({ user: 'refused', becomePassword: password }),
    'ns1: sudo does not let refused run bash as root',
  )
  assert.match(await why({ user: 'bare' }), 'ns1: sudo is not installed')
  // As sudo-rs says it, which few distributions have yet.
  const said = whyNotRoot('ns1', 'ann', 'sudo: interactive authentication is required\n', 1)
  assert.match(said, 'ns1: sudo asks ann for a password: use --ask-become-pass or become_password in the inventory')
  const wrong = whyNotRoot('ns1', 'ann', 'sudo: Maximum 3 incorrect authentication attempts\n', 1)
  assert.match(wrong, 'ns1: sudo did not take the password of ann')
})

test.after(async () => {
  for (const end of endings.reverse()) await end()
})

test.run()
