// What a person's environment, configuration, agent and sudoers have that scripts must not meet, or can't do with. Against a real sshd.
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { askpass } from '../../engine/transport/askpass.ts'
import { sshSettings } from '../../engine/transport/ssh-config.ts'
import { each, execute, knownLine, latest, reach, refusal, type Way } from './reach.ts'
import { needRoot } from '../root.ts'
import { password, startSshd } from './sshd.ts'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

// Real users and a sudo that works can't be had without.
needRoot('real')
const sshd = await startSshd({ address: '127.0.0.1', config: 'AcceptEnv LANG LC_* MINE' })
const endings: (() => unknown)[] = [sshd.stop]
test.after(async () => {
  for (const end of endings.reverse()) await end()
})
const file = (name: string) => join(sshd.folder, name)
const printed = async (way: Way, script: string) => (await execute(sshd, way, script)).stdout.toString()

each('no variable of a person reaches scripts, whatever ssh_config sends and sets', async (client) => {
  const before = { ...process.env }
  Object.assign(process.env, { LC_ALL: 'de_DE.UTF-8', LC_OTHER: 'x' })
  try {
    const config = 'SendEnv LANG LC_*\nSendEnv HO?E\nSetEnv MINE=x LC_TIME=y'
    assert.is(await printed({ client, config }, 'echo "$LC_ALL,$LC_OTHER,$MINE,$LC_TIME"'), ',,,\n')
  } finally {
    process.env = before
  }
})

each('a jump host by tokens', async (client) => {
  const config = `Host inside\nProxyJump %r@gate-%n:${sshd.port}\nHost gate-inside\nHostName 127.0.0.1`
  const known = `${knownLine(sshd)}[inside]:${sshd.port} ${sshd.hostKey}\n`
  assert.is(await printed({ client, host: 'inside', config, known }, 'echo in'), 'in\n')
})

test('an agent that does not answer holds nobody up, and is told where no key is taken', async () => {
  const server = createServer((connection) => endings.push(() => connection.destroy())).listen(file('silent'))
  endings.push(() => server.close())
  await once(server, 'listening')
  const config = `IdentityAgent ${file('silent')}`
  assert.is(await printed({ config }, 'echo in'), 'in\n')
  assert.match(
    await refusal(execute(sshd, { config, key: file('stranger') }, '')),
    `the agent at ${file('silent')} does not answer: end it, or leave it out by IdentityAgent none`,
  )
})

test('an agent that does not answer keeps no playbook from its end', async () => {
  const transport = await reach(sshd)
  await transport.close()
  const { config } = latest(sshd)
  await writeFile(
    config,
    (await readFile(config, 'utf8')).replace(/^IdentityAgent .*/m, `IdentityAgent ${file('silent')}`),
  )
  const hosts = [sshd.port, 1].map(
    (port, place) =>
      `  ns${place}: { address: 10.2.1.${place + 2}, ssh: { config: ${config}, host: 127.0.0.1, port: ${port}, user: root } }\n`,
  )
  const inventory = file('silent.yaml')
  await writeFile(inventory, `cluster: { vip: 10.2.1.5, network: 10.2.1.0/24 }\nhosts:\n${hosts.join('')}`)
  const playbook = spawn(process.execPath, ['playbooks/verify.mts', '-i', inventory], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const tooLate = setTimeout(() => playbook.kill('SIGKILL'), 100_000)
  const said = text(playbook.stdout)
  const [code] = await once(playbook, 'close')
  clearTimeout(tooLate)
  assert.is(code, 4, await said)
})

each('a sudo that wants a terminal', async (client) => {
  const transport = await reach(sshd)
  const change = (script: string) => transport.run(script, { timeout: 60 })
  await change("sed -i '1i Defaults:asked requiretty' /etc/sudoers")
  try {
    assert.is(
      await refusal(execute(sshd, { client, user: 'asked', becomePassword: password }, '')),
      'ns1: sudo runs nothing for asked without a terminal (requiretty), and scripts have none: put "Defaults:asked !requiretty" into sudoers there',
    )
  } finally {
    await change('sed -i 1d /etc/sudoers')
    await transport.close()
  }
})

each('passwords of any characters', async (client) => {
  const transport = await reach(sshd)
  for (const strange of [` a'b"c$d\\e `, 'pässwörd €', '-n %s%n', 'a\tb', '`id`#!']) {
    await writeFile(file('new'), `asked:${strange}`)
    const line = await readFile(file('new'), 'base64')
    await transport.run(`base64 -d <<<${line} | chpasswd`, { timeout: 60 })
    const way = { client, user: 'asked', key: 'none', password: strange, becomePassword: strange }
    assert.is(await printed(way, 'id -un'), 'root\n', strange)
  }
  await transport.close()
})

test('a password is given to whoever asks for it in whatever language, and never for a key', async () => {
  const ask = async (prompt: string) => {
    const { env, close } = await askpass(sshd.folder, 'SECRET')
    const program = spawn(env.SSH_ASKPASS!, [prompt], { env: { ...process.env, ...env } })
    const answer = await text(program.stdout)
    close()
    return answer
  }
  for (const prompt of ["me@h's password: ", '(me@h) Mot de passe : ', '(me@h) Contraseña: ', '(me@h) パスワード:'])
    assert.is(await ask(prompt), 'SECRET\n', prompt)
  for (const prompt of [
    "Enter passphrase for key '/root/passwords/key': ",
    'Enter PIN for ED25519-SK key /root/key: ',
    'Confirm user presence for key ED25519-SK',
    'Are you sure you want to continue connecting (yes/no/[fingerprint])? ',
  ])
    assert.is(await ask(prompt), '', prompt)
})

test('what ssh2 can not do with keys is left to the program ssh', async () => {
  const beyond = async (line: string) => {
    await reach(sshd, { config: line })
    return (await sshSettings({ host: 'ns1', config: latest(sshd).config }, 'ns1')).beyond
  }
  assert.is(await beyond('PKCS11Provider /lib/x.so'), 'pkcs11provider /lib/x.so')
  assert.is(await beyond('HostbasedAuthentication yes'), 'hostbasedauthentication')
  assert.is(await beyond('RequiredRSASize 3072'), 'requiredrsasize 3072')
  assert.is(await beyond('PKCS11Provider none\nRequiredRSASize 1024'), undefined)
})

test.run()
