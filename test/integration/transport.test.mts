// Running scripts, by SSH against a real sshd and on this machine: what comes back, and what goes wrong.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { PassThrough } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bashCall, talk } from '../../engine/transport/bash.ts'
import { localTransport } from '../../engine/transport/local.ts'
import { begun } from './begun.ts'
import { type Client, clients, reach, refusal } from './reach.ts'
import { needRoot } from '../root.ts'
import { startSshd } from './sshd.ts'

// Real users and a sudo that works can't be had without.
needRoot('real')
const sshd = await startSshd()
const connected = await reach(sshd, { user: 'free' })
const byOpenSsh = await reach(sshd, { user: 'free', client: 'openssh' })
test.before(async () => {
  for (const transport of [connected, byOpenSsh]) await transport.connect()
})

/** @returns how a script ends whose host falls silent, as with a cable that is pulled: nothing closes the connection */
async function fallSilent(client: Client): Promise<string> {
  const relay = createServer((near) => {
    const far = connect(sshd.port, '127.0.0.1')
    near.pipe(far).pipe(near)
    relay.once('silence', () => {
      near.unpipe().pause()
      far.unpipe().destroy()
    })
  }).listen(0, '127.0.0.1')
  await once(relay, 'listening')
  const { port } = relay.address() as AddressInfo
  const known = `[127.0.0.1]:${port} ${sshd.hostKey}\n`
  const transport = await reach(sshd, { user: 'free', port, known, keepalive: 1, client })
  await transport.connect()
  const onStdout = () => relay.emit('silence')
  const message = await refusal(transport.run('echo begun; exec sleep 300', { timeout: 120, onStdout }))
  await transport.close()
  relay.close()
  return message
}
// It takes seconds to be sure: meanwhile the other tests run.
const silent = { auto: begun(() => fallSilent('auto')), openssh: begun(() => fallSilent('openssh')) }

/** A bash whose login shell prints without end before it takes the script, and then runs it. */
function noisy(megabytes: number, where: 'stdout' | 'stderr') {
  const call = bashCall('true')
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() }
  const piece = Buffer.alloc(65_536, 'y\n')
  const ended = Promise.withResolvers<number>()
  const print = async () => {
    for (let i = 0; i < megabytes * 16; i++) if (!streams[where].write(piece)) await once(streams[where], 'drain')
    streams.stdout.write(`noise${call.ready}`)
    await once(streams.stdin, 'data')
    streams.stderr.write(call.whole)
    streams.stdout.write(`${call.whole}out`)
    // Streams are read in turns.
    await wait(20)
    ended.resolve(0)
  }
  const bash = {
    ...streams,
    on: (_event: 'close', listener: (code: number) => void) => void ended.promise.then(listener),
  }
  return { bash, call, print }
}

for (const where of ['stdout', 'stderr'] as const)
  test(`a login shell that prints without end on ${where} costs neither memory nor time, and the script runs`, async () => {
    const { bash, call, print } = noisy(300, where)
    const before = process.memoryUsage.rss()
    const began = performance.now()
    const [ending] = await Promise.all([talk(bash, call, { prompt: { text: 'password:', answer: 'x' } }), print()])
    assert.equal([ending.came, ending.stdout.toString(), ending.stderr], ['whole', 'out', ''])
    assert.ok(process.memoryUsage.rss() - before < 150 * 2 ** 20)
    assert.ok(performance.now() - began < 10_000)
  })

test('where bash can not be started here, it is told', async () => {
  const { PATH } = process.env
  process.env.PATH = '/nowhere'
  const said = refusal(localTransport().run('true', { timeout: 5 }))
  process.env.PATH = PATH
  assert.is(await said, 'bash does not start on this machine: spawn bash ENOENT')
})

test('a script that prints without end is cut, and says so', async () => {
  const run = (script: string) => localTransport().run(script, { timeout: 60 })
  const out = await run('head -c 200000000 /dev/zero; echo err >&2; exit 3')
  assert.is(out.stdout.length, 64 * 2 ** 20)
  assert.equal([out.code, out.stderr], [3, 'err\nit printed more than 64 MiB, and the rest was left out\n'])
  const { stderr } = await run('head -c 20000000 /dev/zero | tr "\\0" x >&2; echo end >&2')
  assert.ok(stderr.length <= 2 ** 20 && stderr.endsWith('xend\n'))
})

for (const [name, transport] of [
  ['SSH', connected],
  ['OpenSSH', byOpenSsh],
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
    // The program ssh does not tell them apart from this code.
    assert.is((await run('kill -KILL $$')).code, name === 'OpenSSH' ? 255 : null)
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
    // The patterns come through stdin, so they are in no process list themselves.
    const { stdout } = await run(`
      grep -haoF -f - /proc/[0-9]*/cmdline /proc/[0-9]*/environ <<<$'${secret}\\n_script=' 2>/dev/null | sort -u`)
    assert.is(stdout.toString(), '_script=\n')
  })

  const late = begun(async () => {
    let id = 0
    const own =
      name === 'local'
        ? transport
        : await reach(sshd, { user: 'free', client: name === 'OpenSSH' ? 'openssh' : 'auto' })
    await own.connect()
    const onStdout = (chunk: Buffer) => {
      id = Number(chunk)
    }
    const message = await refusal(own.run('echo $$; exec sleep 300', { timeout: 5, onStdout }))
    await gone(id)
    await own.close()
    return message
  })
  test(`${name} script: one that takes too long is ended`, async () => {
    assert.match(await late(), 'took longer than 5 s')
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

for (const client of clients) {
  test(`broken: cut while a script runs (${client})`, async () => {
    const transport = await reach(sshd, { user: 'free', client })
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

  test(`broken: a host that falls silent while a script runs (${client})`, async () => {
    assert.match(await silent[client](), /^the connection to ns1 was lost while a script ran/)
  })
}

test('broken: of a script that did not arrive whole nothing runs', async () => {
  const call = bashCall('echo ran')
  const run = (input: string) => {
    const [program, ...words] = call.words
    const bash = spawn(program!, words)
    return talk(bash, { ...call, input }, {})
  }
  const cut = await run(call.input.slice(0, -1))
  assert.equal([cut.stdout.toString(), cut.code], ['', 1])
  assert.is((await run(call.input)).stdout.toString(), 'ran\n')
})

test.after(async () => {
  await connected.close()
  await byOpenSsh.close()
  await sshd.stop()
})

test.run()
