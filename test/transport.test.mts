// The transports against a real sshd: see sshd.ts.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { $ } from 'zx/core'
import { bashCall, talk } from '../runner/bash.ts'
import { HostError } from '../runner/errors.ts'
import { localTransport } from '../runner/local.ts'
import { type SshOptions, sshTransport } from '../runner/ssh.ts'
import type { Outcome, Transport } from '../runner/transport.ts'
import { freePort, needRoot, password, startSshd } from './sshd.ts'

needRoot(import.meta.filename)
const sshd = await startSshd()
const file = (name: string) => join(sshd.folder, name)
const host = `[127.0.0.1]:${sshd.port}`
const known = `${host} ${sshd.hostKey}\n`
const endings: (() => unknown)[] = [sshd.stop]

interface Way extends Partial<SshOptions> {
  user?: string
  /** What known_hosts holds. */
  known?: string
  host?: string
  port?: number
  /** The IdentityFile, `none` for none. */
  key?: string
  /** Further lines of ssh_config. */
  config?: string
}

let count = 0

/** A transport to sshd that sees nothing of the user's own ssh_config, keys, agent or known_hosts. */
async function reach(way: Way = {}): Promise<Transport> {
  const number = ++count
  const hosts = file(`known_hosts_${number}`)
  await writeFile(hosts, way.known ?? known)
  const defaults = `UserKnownHostsFile ${hosts}\nGlobalKnownHostsFile none\nIdentityAgent none\nIdentityFile ${way.key ?? file('user')}\n`
  const config = file(`config_${number}`)
  await writeFile(config, `${way.config ?? ''}\nHost *\n${defaults}`)
  const { user = 'root', host = '127.0.0.1', port = sshd.port } = way
  return sshTransport({ host, user, port, config }, { name: 'ns1', connectTimeout: 10, ...way })
}

/** Connects, runs one script, disconnects. */
async function execute(way: Way, script: string, timeout = 20): Promise<Outcome> {
  const transport = await reach(way)
  try {
    await transport.connect()
    return await transport.run(script, { timeout })
  } finally {
    await transport.close()
  }
}

const printed = async (way: Way, script: string) => (await execute(way, script)).stdout.toString()

/** The message of the HostError that something ends with. */
async function refusal(doing: Promise<unknown>): Promise<string> {
  try {
    await doing
  } catch (error) {
    assert.instance(error, HostError, String(error))
    return (error as Error).message
  }
  throw new Error('it was not refused')
}

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
  assert.match(await refusal(execute(only, '')), /: tried stranger of the agent$/)
})

test('login: by password, and by keyboard-interactive', async () => {
  const way = { key: 'none', password, becomePassword: password }
  assert.is(await printed({ ...way, user: 'asked' }, 'echo in'), 'in\n')
  assert.is(await printed({ ...way, user: 'typed' }, 'echo in'), 'in\n')
})

test('login: says what was tried when nothing was taken', async () => {
  const way = { key: file('stranger'), config: `IdentityFile ${file('user_encrypted')}`, password: 'wrong' }
  const message = await refusal(execute({ ...way, user: 'free' }, ''))
  assert.match(message, `ns1: 127.0.0.1 port ${sshd.port} refused free`)
  assert.match(message, `tried ${file('stranger')}, the password; the host takes publickey,`)
  assert.match(message, `${file('user_encrypted')} is encrypted: ssh-add it first`)
  assert.not.match(message, 'wrong')
})

test('login: with a key file that is not there', async () => {
  const target = { host: '127.0.0.1', identity_file: file('nowhere') }
  const message = await refusal(sshTransport(target, { name: 'ns1', connectTimeout: 10 }).connect())
  assert.is(message, `ns1: the key file ${file('nowhere')} does not exist`)
})

test('host key: unknown: refused, with the fingerprint and the command to accept it', async () => {
  const message = await refusal(execute({ known: '' }, 'echo no'))
  const { stdout } = await $({ quiet: true })`ssh-keygen -lf ${file('host_ed25519.pub')}`
  assert.match(message, `the host key of ${host} is unknown: ssh-ed25519 ${stdout.split(' ')[1]}`)
  assert.match(message, `ssh -F ${file(`config_${count}`)} -l root -p ${sshd.port} 127.0.0.1`)
})

test('host key: changed: refused, with file and line', async () => {
  const other = (await readFile(file('stranger.pub'), 'utf8')).trim()
  const message = await refusal(execute({ known: `# a comment\n${host} ${other}\n` }, 'echo no'))
  assert.match(message, `the host key of ${host} has changed`)
  assert.match(message, `is not the one in ${file(`known_hosts_${count}`)} line 2`)
  assert.match(message, `ssh-keygen -f ${file(`known_hosts_${count}`)} -R `)
})

test('host key: revoked: refused, though it is known as well', async () => {
  assert.match(await refusal(execute({ known: `${known}@revoked ${known}` }, 'echo no')), 'is revoked')
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

test('host key: a known key of another type is asked for first', async () => {
  // The server has an RSA key too, and shows Ed25519 to who does not ask.
  const rsa = (await readFile(file('host_rsa.pub'), 'utf8')).trim()
  assert.is(await printed({ known: `${host} ${rsa}\n` }, 'echo in'), 'in\n')
})

test('host key: StrictHostKeyChecking no does not open the door', async () => {
  assert.match(await refusal(execute({ known: '', config: 'StrictHostKeyChecking no' }, 'echo no')), 'is unknown')
})

async function listen(onConnection: Parameters<typeof createServer>[1]): Promise<number> {
  const server: Server = createServer(onConnection).listen(0, '127.0.0.1')
  endings.push(() => server.close())
  await once(server, 'listening')
  return (server.address() as { port: number }).port
}

test('way: ProxyJump, with names that only the jump host knows', async () => {
  const config = `Host inside\nProxyJump jump\nHost jump\nHostName 127.0.0.1\nUser root\nPort ${sshd.port}`
  const both = `${known}[inside]:${sshd.port} ${sshd.hostKey}\n`
  assert.is(await printed({ host: 'inside', config, known: both }, 'echo in'), 'in\n')

  const message = await refusal(execute({ host: 'inside', config, known: '' }, 'echo no'))
  assert.match(message, /ns1: the way to inside port .* failed: .*Host key verification failed/s)
})

test('way: ProxyCommand', async () => {
  const config = `ProxyCommand ssh -F none -i ${file('user')} -o UserKnownHostsFile=${file('known')} -W %h:%p -p %p root@%h`
  await writeFile(file('known'), known)
  assert.is(await printed({ config }, 'echo in'), 'in\n')
  const strange = await refusal(execute({ host: 'a"b', config: 'HostName 127.0.0.1\nProxyCommand echo %n' }, 'echo no'))
  assert.match(strange, /a"b|invalid characters/)
})

test('way: connection refused', async () => {
  const port = await freePort()
  assert.match(await refusal(execute({ port }, '')), `ns1: 127.0.0.1 port ${port} refused the connection`)
})

test('way: a name that does not exist', async () => {
  assert.match(await refusal(execute({ host: 'ns1.invalid' }, '')), 'does not resolve')
})

test('way: a server that never speaks', async () => {
  const port = await listen((socket) => socket.on('error', () => {}))
  const message = await refusal(execute({ port, connectTimeout: 1 }, ''))
  assert.match(message, `127.0.0.1 port ${port} takes connections but does not speak SSH in time`)
})

test('way: a server that hangs up', async () => {
  const port = await listen((socket) => socket.end())
  assert.match(await refusal(execute({ port }, '')), `ns1: no SSH connection to 127.0.0.1 port ${port}`)
})

test('sudo: without a password', async () => {
  assert.is(await printed({ user: 'free' }, 'id -u'), '0\n')
})

test('sudo: with a password, which the script never sees', async () => {
  const outcome = await execute({ user: 'asked', becomePassword: password }, 'id -u; cat; echo oops >&2')
  assert.equal([outcome.stdout.toString(), outcome.stderr.trim(), outcome.code], ['0\n', 'oops', 0])
})

test('sudo: a password that sudo does not ask for goes nowhere', async () => {
  const outcome = await execute({ user: 'free', becomePassword: password }, 'id -u; cat')
  assert.equal([outcome.stdout.toString(), outcome.stderr], ['0\n', ''])
})

test('sudo: says why not', async () => {
  const why = (way: Way) => refusal(execute(way, 'echo no'))
  assert.match(await why({ user: 'asked' }), 'ns1: sudo asks asked for a password: use --ask-become-pass')
  assert.match(await why({ user: 'asked', becomePassword: 'bad' }), 'ns1: sudo did not take the password of asked')
  assert.match(
    await why({ user: 'refused', becomePassword: password }),
    'ns1: sudo does not let refused run bash as root',
  )
  assert.match(await why({ user: 'bare' }), 'ns1: sudo is not installed')
})

const connected = await reach({ user: 'free' })
test.before(() => connected.connect())
endings.push(() => connected.close())

for (const [name, transport] of [
  ['SSH', connected],
  ['local', localTransport()],
] as const) {
  const run = (script: string, timeout = 20) => transport.run(script, { timeout })

  test(`${name} script: stdout, stderr and exit code apart`, async () => {
    const warned = await run('echo out; echo err >&2')
    assert.equal([warned.stdout.toString(), warned.stderr, warned.code], ['out\n', 'err\n', 0])
    const silent = await run('exit 3')
    assert.equal([silent.stdout.length, silent.stderr, silent.code], [0, '', 3])
  })

  test(`${name} script: a signal leaves no exit code`, async () => {
    assert.is((await run('kill -KILL $$')).code, null)
  })

  test(`${name} script: 10 MB, and every byte`, async () => {
    const big = await run('head -c 10000000 /dev/zero')
    assert.is(big.stdout.length, 10_000_000)
    const bytes = await run(`for i in {0..255}; do printf "\\\\x$(printf %x $i)"; done`)
    assert.equal(
      [...bytes.stdout],
      Array.from({ length: 256 }, (_, i) => i),
    )
  })

  test(`${name} script: stdout as it comes`, async () => {
    const chunks: Buffer[] = []
    const { stdout } = await transport.run('echo one; echo two', {
      timeout: 20,
      onStdout: (chunk) => chunks.push(chunk),
    })
    assert.equal(Buffer.concat(chunks).toString(), 'one\ntwo\n')
    assert.equal(stdout, Buffer.concat(chunks))
  })

  test(`${name} script: what reads stdin gets nothing, and the rest still runs`, async () => {
    assert.is((await run('cat; read -r line; echo "after $line"')).stdout.toString(), 'after \n')
  })

  test(`${name} script: any content, some MB of it`, async () => {
    const strange = `a'b"c\\d$e\`f!g%h\t{i}é`
    const data = randomBytes(2_000_000).toString('base64')
    const script = `cat <<'END'\n${strange}\nEND\nx=${data}\necho \${#x}\n# no newline at the end'`
    assert.is((await run(script)).stdout.toString(), `${strange}\n${data.length}\n`)
  })

  test(`${name} script: a syntax error is the script's own`, async () => {
    const { code, stderr } = await run('echo before\nif')
    assert.match(stderr, 'syntax error')
    assert.is.not(code, 0)
  })

  test(`${name} script: a script and its secrets show in no process list`, async () => {
    const secret = randomBytes(9).toString('hex')
    const { stdout } = await run(`
      seen=0
      for each in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do
        words=$(tr '\\0' ' ' <"$each") || continue
        case $words in *${secret}*) echo "leak in $each";; *_script=*) seen=$((seen + 1));; esac
      done 2>/dev/null
      [ "$seen" -gt 0 ] && echo looked`)
    assert.is(stdout.toString(), 'looked\n')
  })

  test(`${name} script: one that takes too long is ended`, async () => {
    let id = 0
    const own = name === 'local' ? transport : await reach()
    await own.connect()
    const script = 'echo $$; exec sleep 300'
    const onStdout = (chunk: Buffer) => {
      id = Number(chunk)
    }
    assert.match(await refusal(own.run(script, { timeout: 1, onStdout })), 'took longer than 1 s')
    await gone(id)
    await own.close()
  })
}

/** Waits until a process has ended. */
async function gone(id: number): Promise<void> {
  assert.ok(id > 1)
  for (let tries = 0; tries < 200; tries++) {
    try {
      process.kill(id, 0)
    } catch {
      return
    }
    await wait(50)
  }
  assert.unreachable(`process ${id} still runs`)
}

test('broken: cut while a script runs', async () => {
  const transport = await reach({ user: 'free' })
  await transport.connect()
  let sleeper = 0
  // The parent of the login shell, and so of bash or sudo, is the sshd of this session.
  const onStdout = (chunk: Buffer) => {
    const [session, own] = chunk.toString().split(' ').map(Number)
    sleeper = own!
    process.kill(session!)
  }
  const script = 'parent() { cut -d " " -f 4 /proc/$1/stat; }; echo $(parent $(parent $PPID)) $$; exec sleep 300'
  const message = await refusal(transport.run(script, { timeout: 60, onStdout }))
  process.kill(sleeper)
  assert.is(
    message,
    'the connection to ns1 was lost while a script ran; it may or may not have finished: run again to see',
  )
  assert.match(
    await refusal(transport.run('echo again', { timeout: 20 })),
    'ns1: the connection takes no more commands',
  )
  await transport.close()
  await transport.close()
})

test('broken: of a script that did not arrive whole nothing runs', async () => {
  const call = bashCall('echo ran')
  const run = (input: string) => {
    const bash = spawn('bash', ['--norc', '-c', call.program])
    return talk(bash, { ...call, input }, {})
  }
  const cut = await run(call.input.slice(0, -1))
  assert.equal([cut.stdout.toString(), cut.code], ['', 1])
  assert.is((await run(call.input)).stdout.toString(), 'ran\n')
})

test.after(async () => {
  for (const end of endings.reverse()) await end()
})

test.run()
