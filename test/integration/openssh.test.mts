// What only OpenSSH's own program can do on the way to a host: it is used then, and otherwise not. Against a real sshd.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { $ } from 'zx/core'
import { execute, knownLine, latest, reach, refusal, type Way } from './reach.ts'
import { needRoot } from '../root.ts'
import { password, startSshd } from './sshd.ts'

// Real users and a sudo that works can't be had without.
needRoot('real')
const quietly = $({ quiet: true })
const hostCertificate = '/srv/sshd/host_ed25519-cert.pub'
const sshd = await startSshd({ address: '127.0.0.1', config: `HostCertificate ${hostCertificate}\nMaxSessions 2` })
const modern = await startSshd({ address: '127.0.0.1', config: 'KexAlgorithms sntrup761x25519-sha512@openssh.com' })
const endings: (() => unknown)[] = [sshd.stop, modern.stop]
test.after(async () => {
  for (const end of endings.reverse()) await end()
})
const file = (name: string) => join(sshd.folder, name)
const authority = 'user'
// Other tests have folders of their own in the usual place.
process.env.TMPDIR = join(sshd.folder, 'tmp')
await mkdir(tmpdir())

/** @returns what a script prints, and what was said of the login */
async function login(way: Way, at = sshd): Promise<{ printed: string; said: string[] }> {
  const said: string[] = []
  const { stdout } = await execute(at, { ...way, detail: (line) => said.push(line) }, 'echo in')
  return { printed: stdout.toString(), said }
}
const by = (reason: string) => ({ printed: 'in\n', said: [`ns1: by the program ssh, for ${reason}`] })

/** A key that sshd takes by its certificate alone. */
async function certified(name: string): Promise<string> {
  await quietly`ssh-keygen -q -t ed25519 -N ${''} -C ${name} -f ${file(name)}`
  await quietly`ssh-keygen -q -s ${file(authority)} -I me -n root ${file(`${name}.pub`)}`
  return file(name)
}
const allowed = reach(sshd).then(async (transport) => {
  const key = (await readFile(file(`${authority}.pub`), 'utf8')).trim()
  await transport.run(`echo 'cert-authority ${key}' >>/srv/sshd/authorized_keys`, { timeout: 60 })
  await transport.close()
})

test('a plain key is no reason', async () => {
  assert.equal(await login({}), { printed: 'in\n', said: [] })
})

test('a certificate in a file: beside the key, and by CertificateFile', async () => {
  await allowed
  const key = await certified('beside')
  assert.equal(await login({ key }), by('a certificate'))
  await quietly`mv ${key}-cert.pub ${file('elsewhere')}`
  assert.match(await refusal(login({ key })), 'refused root')
  assert.equal(await login({ key, config: `CertificateFile ${file('elsewhere')}` }), by('a certificate'))
})

test('a certificate in the agent', async () => {
  await allowed
  const socket = file('agent')
  const agent = spawn('ssh-agent', ['-D', '-a', socket])
  endings.push(() => agent.kill())
  await once(agent.stdout, 'data')
  const key = await certified('held')
  await $({ quiet: true, env: { ...process.env, SSH_AUTH_SOCK: socket } })`ssh-add -q ${key}`
  assert.equal(await login({ key: 'none', config: `IdentityAgent ${socket}` }), by('a certificate of the agent'))
})

test('a security key is left to ssh, which says what it makes of it', async () => {
  const said: string[] = []
  await writeFile(file('sk'), 'no key\n', { mode: 0o600 })
  await writeFile(file('sk.pub'), 'sk-ssh-ed25519@openssh.com AAAA\n')
  const way = { key: file('sk'), detail: (line: string) => said.push(line) }
  assert.match(
    await refusal(execute(sshd, way, '')),
    /^ns1: 127\.0\.0\.1 port \d+ refused root: .*Permission denied \(publickey/,
  )
  assert.equal(said, by('a security key').said)
})

test('the certificate of a host', async () => {
  const known = `@cert-authority * ${(await readFile(file(`${authority}.pub`), 'utf8')).trim()}\n`
  assert.match(await refusal(login({ known })), /the host key of \[127\.0\.0\.1\]:\d+ is unknown/)

  await quietly`ssh-keygen -q -s ${file(authority)} -I host -h -n 127.0.0.1 ${file('host_ed25519.pub')}`
  const transport = await reach(sshd)
  const certificate = await readFile(file('host_ed25519-cert.pub'), 'utf8')
  await transport.run(`echo '${certificate.trim()}' >${hostCertificate}`, { timeout: 60 })
  await transport.close()
  process.kill(sshd.pid, 'SIGHUP')
  assert.equal(await login({ known }), by('@cert-authority'))
})

test('KnownHostsCommand', async () => {
  await writeFile(file('hosts'), knownLine(sshd))
  assert.equal(
    await login({ known: '', config: `KnownHostsCommand /bin/cat ${file('hosts')}` }),
    by('KnownHostsCommand'),
  )
})

test('key exchange that is post-quantum alone: where the server says so, and where ssh_config does', async () => {
  assert.equal(await login({}, modern), by('key exchange algorithm'))
  const algorithm = 'sntrup761x25519-sha512@openssh.com'
  assert.equal(await login({ config: `KexAlgorithms ${algorithm}` }), by(`kexalgorithms ${algorithm}`))
})

test('the open connection of a ControlMaster, where no key would be taken; it stays open', async () => {
  const config = `ControlPath ${file('control-%r@%h')}`
  const way = { config, key: file('stranger') }
  assert.match(await refusal(login(way)), 'refused root')
  const words = ['-F', latest(sshd).config, '-i', file('user'), '-l', 'root', '-p', String(sshd.port)]
  await quietly`ssh ${words} -M -N -f 127.0.0.1`
  endings.push(() => $({ quiet: true, nothrow: true })`ssh ${words} -O exit 127.0.0.1`)
  assert.equal(await login(way), by('the open connection of ControlMaster'))
  assert.ok(existsSync(file('control-root@127.0.0.1')))
})

test('a ControlMaster that ends: ssh does not connect by itself, where the configuration takes any host key', async () => {
  const config = `ControlPath ${file('ending-%C')}\nStrictHostKeyChecking no`
  const transport = await reach(sshd, { config })
  const words = ['-F', latest(sshd).config, '-l', 'root', '-p', String(sshd.port)]
  await quietly`ssh ${words} -M -N -f 127.0.0.1`
  await transport.connect()
  await quietly`ssh ${words} -O exit 127.0.0.1`
  await writeFile(latest(sshd).knownHosts, '')
  assert.match(await refusal(transport.run('echo in', { timeout: 20 })), 'the connection takes no more commands')
  assert.is(await readFile(latest(sshd).knownHosts, 'utf8'), '')
  await transport.close()
})

test('few sessions a connection: more connections', async () => {
  const transport = await reach(sshd, { client: 'openssh' })
  const script = (name: string) =>
    `touch /srv/${name}; until [ -e /srv/one ] && [ -e /srv/two ] && [ -e /srv/three ]; do sleep 0.1; done`
  const runs = ['one', 'two', 'three'].map((name) => transport.run(script(name), { timeout: 60 }))
  assert.equal(
    (await Promise.all(runs)).map(({ code }) => code),
    [0, 0, 0],
  )
  await transport.close()
})

const person = [
  'RemoteCommand echo other',
  'RequestTTY force',
  'PermitLocalCommand yes',
  `LocalCommand touch ${file('marker')}`,
  `LocalForward ${file('forward')} 127.0.0.1:1`,
  'Tunnel yes',
  'ExitOnForwardFailure yes',
  'AddKeysToAgent ask',
  'EscapeChar none',
  'LogLevel DEBUG3',
  'LogLevel QUIET',
  'LogVerbose *:*:*',
  'StdinNull yes',
  'ForkAfterAuthentication yes',
  'SessionType none',
  'SessionType subsystem',
]
const script = 'echo in; [ -t 1 ] || echo none >&2'
const inside = { host: 'inside', known: `${knownLine(sshd)}[inside]:${sshd.port} ${sshd.hostKey}\n` }
const jump = `Host inside\nProxyJump jump\nHost jump\nHostName 127.0.0.1\nUser root\nPort ${sshd.port}`
for (const line of person)
  test(`what ssh_config has for a person does not happen: ${line.split(' /')[0]}`, async () => {
    const ways: Way[] = [
      { client: 'openssh', config: line },
      { client: 'auto', ...inside, config: `${jump}\n${line}` },
    ]
    for (const way of ways) {
      const { stdout, stderr } = await execute(sshd, way, script)
      assert.equal([stdout.toString(), stderr], ['in\n', 'none\n'], JSON.stringify(way))
    }
    assert.not.ok(existsSync(file('marker')) || existsSync(file('forward')))
    assert.equal(await readdir(tmpdir()), [])
  })

test('why a jump host reaches no further is told, where its configuration is quiet', async () => {
  const way = { ...inside, config: `Host inside\nPort 1\n${jump}\nLogLevel QUIET`, port: 1, connectTimeout: 3 }
  assert.match(
    await refusal(execute(sshd, way, '')),
    /the jump host jump does not reach inside port 1 \(connect failed: Connection refused\)/,
  )
})

test('OpenSSH that does not know the newer options is not given them', async () => {
  // As it was before 8.5: it prints none of them, and refuses them.
  const newer = 'StdinNull|ForkAfterAuthentication|SessionType|LogVerbose'
  const old = `#!/bin/bash
PATH=\${PATH#*:}
[[ "$*" =~ ${newer} ]] && { echo "command-line: line 0: Bad configuration option: $*" >&2; exit 255; }
[ "$1" = -G ] || exec ssh "$@"
ssh "$@" | grep -viE '^(${newer}) '`
  await mkdir(file('old'))
  await writeFile(file('old/ssh'), old, { mode: 0o755 })
  const path = process.env.PATH
  process.env.PATH = `${file('old')}:${path}`
  try {
    assert.is((await login({ client: 'openssh' })).printed, 'in\n')
    assert.is((await login({ ...inside, config: jump })).printed, 'in\n')
  } finally {
    process.env.PATH = path
  }
})

test('the password is in no file, process list or environment while ssh logs in', async () => {
  await writeFile(file('word'), `${password}\n`, { mode: 0o600 })
  await writeFile(file('known'), knownLine(sshd))
  const onwards = `ssh -F none -i ${file('user')} -o UserKnownHostsFile=${file('known')} -W 127.0.0.1:${sshd.port} -p ${sshd.port} root@127.0.0.1`
  const search = `grep -alF -f ${file('word')} /proc/[0-9]*/cmdline /proc/[0-9]*/environ ${tmpdir()}/ssh-*/* 2>/dev/null`
  // Keys for other tests are made meanwhile.
  const ours = `for one in $(${search}); do grep -qa ^ssh-keygen "$one" || echo "$one"; done`
  await writeFile(file('way'), `#!/bin/sh\n${ours} >${file('found')}\nexec ${onwards}\n`, { mode: 0o700 })
  const way = { client: 'openssh', user: 'typed', key: 'none', password, becomePassword: password } as const
  assert.is((await login({ ...way, config: `ProxyCommand ${file('way')}` })).printed, 'in\n')
  assert.is(await readFile(file('found'), 'utf8'), '')
})

test('a wrong password is tried once', async () => {
  const wrong = { client: 'openssh', user: 'free', key: 'none', password: 'bad' } as const
  const before = attempts()
  assert.match(await refusal(execute(sshd, wrong, '')), 'refused free, who gave the password')
  for (let tries = 0; attempts() === before && tries < 100; tries++) await wait(50)
  assert.is(attempts() - before, 1)
})

/** How many wrong passwords sshd has been given. */
const attempts = (): number => sshd.log().match(/Failed password/g)?.length ?? 0

test.run()
