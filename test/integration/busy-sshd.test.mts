// An sshd with one session a connection and few logins at a time, also as a jump host; and what ssh_config asks for.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { $ } from 'zx/core'
import { execute, knownLine, reach, refusal } from './reach.ts'
import { needRoot } from '../root.ts'
import { password, startSshd } from './sshd.ts'

needRoot('real')
const sshd = await startSshd({ address: '127.0.0.1', config: 'MaxSessions 1\nMaxStartups 3:100:3\nMaxAuthTries 1' })
test.after(() => sshd.stop())
const file = (name: string) => join(sshd.folder, name)

test('one session a connection: scripts that run at the same time', async () => {
  const transport = await reach(sshd)
  const [one, two, three] = ['one', 'two', 'three'].map((name) =>
    transport.run(
      `touch /srv/${name}; until [ -e /srv/one ] && [ -e /srv/two ] && [ -e /srv/three ]; do sleep 0.1; done`,
      {
        timeout: 60,
      },
    ),
  )
  assert.equal(
    (await Promise.all([one, two, three])).map((outcome) => outcome!.code),
    [0, 0, 0],
  )
  await transport.close()
})

const jump = `Host inside\nProxyJump jump\nHost jump\nHostName 127.0.0.1\nUser root\nPort ${sshd.port}`
const both = `${knownLine(sshd)}[inside]:${sshd.port} ${sshd.hostKey}\n`
for (const [name, way] of [
  ['straight', {}],
  ['by a jump host', { host: 'inside', config: jump, known: both }],
] as const) {
  test(`few logins at a time: eight hosts ${name}`, async () => {
    const transports = []
    for (let i = 0; i < 8; i++) transports.push(await reach(sshd, { ...way, connectTimeout: 120, startTimeout: 60 }))
    const outcomes = await Promise.all(transports.map((transport) => transport.run('echo in', { timeout: 60 })))
    assert.equal(new Set(outcomes.map(({ stdout }) => stdout.toString())), new Set(['in\n']))
    for (const transport of transports) await transport.close()
  })
}

test('Ctrl-C at the terminal does not cut the way', async () => {
  const known = file('known')
  await writeFile(known, knownLine(sshd))
  // The terminal sends it to a whole process group: here to that of another process that reaches the host by itself.
  const config = `ProxyCommand ssh -F none -i ${file('user')} -o UserKnownHostsFile=${known} -W %h:%p -p %p root@%h`
  const program = `
    import { sshTransport } from '${new URL('../../engine/transport/ssh.ts', import.meta.url).href}'
    process.on('SIGINT', () => {})
    const target = { host: '127.0.0.1', user: 'root', port: ${sshd.port}, config: '${file('ctrl')}' }
    const transport = sshTransport(target, { name: 'ns1', connectTimeout: 60 })
    await transport.connect()
    process.kill(0, 'SIGINT')
    await new Promise((resolve) => setTimeout(resolve, 500))
    console.log((await transport.run('echo undone', { timeout: 60 })).stdout.toString())
    await transport.close()`
  await writeFile(
    file('ctrl'),
    `${config}\nUserKnownHostsFile ${known}\nIdentityAgent none\nIdentityFile ${file('user')}\n`,
  )
  await writeFile(file('program.mts'), program)
  const child = spawn(process.execPath, [file('program.mts')], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.on('data', (chunk) => {
    printed += chunk
  })
  const [code] = await once(child, 'close')
  assert.equal([code, printed], [0, 'undone\n\n'])
})

test('RevokedHostKeys: a list, a KRL, and a file that is not there', async () => {
  const hostKey = `${sshd.folder}/host_ed25519.pub`
  await writeFile(file('list'), `# stolen\n${await readFile(hostKey, 'utf8')}`)
  await $({ quiet: true })`ssh-keygen -q -k -f ${file('krl')} ${hostKey}`
  await $({ quiet: true })`ssh-keygen -q -k -f ${file('others')} ${file('stranger.pub')}`
  for (const name of ['list', 'krl', 'nowhere'])
    assert.match(
      await refusal(execute(sshd, { config: `RevokedHostKeys ${file(name)}` }, '')),
      `revoked (by ${file(name)})`,
    )
  const { stdout } = await execute(sshd, { config: `RevokedHostKeys ${file('others')}` }, 'echo in')
  assert.is(stdout.toString(), 'in\n')
})

const left: [config: string, reason: string, known?: string][] = [
  ['KexAlgorithms sntrup761x25519-sha512@openssh.com', 'kexalgorithms sntrup761x25519-sha512@openssh.com'],
  ['HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com', 'hostkeyalgorithms ssh-ed25519-cert-v01@openssh.com'],
  ['MACs umac-64-etm@openssh.com', 'macs umac-64-etm@openssh.com'],
  ['PreferredAuthentications gssapi-with-mic', 'preferredauthentications gssapi-with-mic'],
  ['KnownHostsCommand /bin/true', 'KnownHostsCommand', ''],
  ['VerifyHostKeyDNS yes', 'VerifyHostKeyDNS', ''],
  ['', '@cert-authority', `@cert-authority * ${sshd.hostKey}\n`],
  ['ProxyCommand true\nProxyUseFdpass yes', 'proxyusefdpass'],
]
for (const [config, reason, known = `[127.0.0.1]:1 ${sshd.hostKey}`] of left)
  test(`what ssh2 can't do is left to the program ssh: ${config || 'a host certificate'}`, async () => {
    const said: string[] = []
    // Nobody listens there.
    await refusal(execute(sshd, { port: 1, config, known, detail: (line) => said.push(line) }, ''))
    assert.equal(said, [`ns1: by the program ssh, for ${reason}`])
  })

test('no key and no password: told before anything is tried', async () => {
  assert.match(
    await refusal(execute(sshd, { port: 1, config: 'PubkeyAuthentication no' }, '')),
    /^ns1: no way to log in as root/,
  )
})

test('what can be done is done: algorithms, addresses, tokens', async () => {
  process.env.TEST_KEYS = sshd.folder
  const config =
    'KexAlgorithms ecdh-sha2-nistp256\nCiphers aes256-ctr\nMACs hmac-sha2-512\nBindAddress 127.0.0.9\nAddressFamily inet'
  const way = { config, key: '${TEST_KEYS}/user' }
  const { stdout } = await execute(sshd, way, 'echo ${SSH_CONNECTION% * *}')
  assert.match(stdout.toString(), /^127\.0\.0\.9 /)
})

test('what can be done is done: a password where keys are not wanted, and the host takes one attempt', async () => {
  const way = { user: 'free', key: file('stranger'), config: 'PubkeyAuthentication no', password }
  assert.is((await execute(sshd, way, 'echo in')).stdout.toString(), 'in\n')
})

test.run()
