// Algorithms that ssh_config and the host have, or have not, in common, and keys that ssh_config leaves out. Against a real sshd.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { $ } from 'zx/core'
import { each, execute, latest, reach, refusal, type Way } from './reach.ts'
import { needRoot } from '../root.ts'
import { startSshd } from './sshd.ts'

// Real users and a sudo that works can't be had without.
needRoot('real')
const theirs = {
  Ciphers: 'aes128-ctr,aes192-ctr',
  MACs: 'hmac-sha2-256',
  KexAlgorithms: 'ecdh-sha2-nistp256',
  HostKeyAlgorithms: 'ssh-ed25519,rsa-sha2-512',
}
const lines = (all: object) => Object.entries(all).map(([key, value]) => `${key} ${value}`)
const sshd = await startSshd({ address: '127.0.0.1', config: lines(theirs).join('\n') })
const unheard = await startSshd({ address: '127.0.0.1', config: 'Ciphers aes128-cbc' })
const endings: (() => unknown)[] = [sshd.stop, unheard.stop]
test.after(async () => {
  for (const end of endings.reverse()) await end()
})
const file = (name: string) => join(sshd.folder, name)
const quietly = $({ quiet: true })

const ours: Record<keyof typeof theirs, string> = {
  Ciphers: 'aes256-ctr',
  MACs: 'hmac-sha2-512',
  KexAlgorithms: 'ecdh-sha2-nistp384',
  // RSA with SHA-1, which ssh2 would not leave out by itself.
  HostKeyAlgorithms: 'ssh-rsa',
}
for (const setting of Object.keys(ours) as (keyof typeof theirs)[])
  each(`nothing in common: ${setting} of ssh_config`, async (client) => {
    const config = `LogLevel QUIET\n${setting} ${ours[setting]}`
    const message = await refusal(execute(sshd, { client, config }, ''))
    const place = latest(sshd).config
    assert.is(
      message,
      `ns1: 127.0.0.1 port ${sshd.port} has none of the ${setting} that ${place} allows: ${ours[setting]}\n` +
        `It has ${theirs[setting]}: allow one of these by ${setting} in ${place}, or one of the others by ${setting} in sshd_config there`,
    )
  })

each('nothing in common with what OpenSSH has by default', async (client) => {
  const message = await refusal(execute(unheard, { client }, ''))
  assert.match(message, 'has none of the Ciphers that OpenSSH here has by default\nIt has aes128-cbc: allow one')
})

test('what OpenSSH does not know of ssh_config is told by its line', async () => {
  const message = await refusal(execute(sshd, { config: 'Ciphers aes256-ctr,none-such' }, ''))
  assert.match(message, /config_\d+ line 1: Bad SSH2 cipher spec/)
})

/** A key of root. */
async function allowed(name: string, type: string): Promise<string> {
  await quietly`ssh-keygen -q -t ${type} -N ${''} -C ${name} -f ${file(name)}`
  const line = (await readFile(file(`${name}.pub`), 'utf8')).trim()
  const transport = await reach(sshd)
  await transport.run(`echo '${line}' >>/srv/sshd/authorized_keys`, { timeout: 60 })
  await transport.close()
  return file(name)
}
const all = { rsa: await allowed('rsa', 'rsa'), ecdsa: await allowed('ecdsa', 'ecdsa') }

/** @returns what a script prints, and what was said of the login */
async function login(way: Way): Promise<[printed: string, ...said: string[]]> {
  const said: string[] = []
  const { stdout } = await execute(sshd, { ...way, detail: (line) => said.push(line) }, 'echo in')
  return [stdout.toString(), ...said]
}

for (const setting of ['PubkeyAcceptedAlgorithms', 'PubkeyAcceptedKeyTypes']) {
  test(`${setting} leaves keys of files out`, async () => {
    const config = `${setting} ecdsa-sha2-nistp256\nIdentityFile ${all.rsa}`
    assert.is(
      await refusal(login({ config })),
      'ns1: no way to log in as root: there was no key and no password to try\n' +
        `${all.rsa} is of type ssh-rsa, which PubkeyAcceptedAlgorithms of ssh_config leaves out\n` +
        `${file('user')} is of type ssh-ed25519, which PubkeyAcceptedAlgorithms of ssh_config leaves out`,
    )
    assert.equal(await login({ config, key: all.ecdsa }), ['in\n'])
  })

  test(`${setting}: which signature of RSA ssh2 makes can't be told, and the program ssh makes it`, async () => {
    assert.equal(await login({ config: `${setting} rsa-sha2-256`, key: all.rsa }), ['in\n'])
    assert.equal(await login({ config: `${setting} rsa-sha2-512`, key: all.rsa }), [
      'in\n',
      'ns1: by the program ssh, for pubkeyacceptedalgorithms rsa-sha2-512',
    ])
  })
}

test('PubkeyAcceptedAlgorithms leaves keys of the agent out', async () => {
  const socket = file('agent')
  const agent = spawn('ssh-agent', ['-D', '-a', socket])
  endings.push(() => agent.kill())
  await once(agent.stdout, 'data')
  await $({ quiet: true, env: { ...process.env, SSH_AUTH_SOCK: socket } })`ssh-add -q ${all.rsa} ${all.ecdsa}`
  const way = (types: string) => ({ config: `IdentityAgent ${socket}\nPubkeyAcceptedAlgorithms ${types}`, key: 'none' })
  assert.equal(await login(way('ecdsa-sha2-nistp256')), ['in\n'])
  assert.match(
    await refusal(login(way('ssh-ed25519'))),
    'rsa of the agent is of type ssh-rsa, which PubkeyAcceptedAlgorithms of ssh_config leaves out',
  )
})

test('a server that takes RSA keys with rsa-sha2-512 alone: the program ssh signs with it', async () => {
  const only = await startSshd({ address: '127.0.0.1', config: 'PubkeyAcceptedAlgorithms rsa-sha2-512' })
  endings.push(only.stop)
  const [key, stranger] = [join(only.folder, 'rsa'), join(only.folder, 'other')]
  for (const made of [key, stranger]) await quietly`ssh-keygen -q -t rsa -b 2048 -N ${''} -f ${made}`
  const put = `cat ${key}.pub >>/proc/${only.pid}/root/srv/sshd/authorized_keys`
  await quietly`sh -c ${put}`
  const known = `[127.0.0.1]:${only.port} ${only.hostKey}\n`
  const said: string[] = []
  const way: Way = { known, key, detail: (line) => said.push(line) }
  assert.is((await execute(only, way, 'echo in')).stdout.toString(), 'in\n')
  assert.equal(said, ['ns1: by the program ssh, for an RSA key that was refused with rsa-sha2-256'])
  // ssh2 knows more of what was tried than the program says.
  assert.match(
    await refusal(execute(only, { ...way, key: stranger }, '')),
    `refused root (All configured authentication methods failed): tried ${stranger}; the host takes publickey, password`,
  )
  // A wrong password is given once.
  const wrong = { ...way, user: 'free', key: stranger, password: 'bad' }
  assert.match(await refusal(execute(only, wrong, '')), `tried ${stranger}, the password`)
  assert.is(said.length, 2)
})

test('a server whose only host key is RSA with rsa-sha2-512', async () => {
  const only = await startSshd({ address: '127.0.0.1', config: 'HostKeyAlgorithms rsa-sha2-512' })
  endings.push(only.stop)
  const known = `[127.0.0.1]:${only.port} ${await readFile(join(only.folder, 'host_rsa.pub'), 'utf8')}`
  assert.is((await execute(only, { known }, 'echo in')).stdout.toString(), 'in\n')
})

test.run()
