// HTTP and HTTPS by nginx on real machines: levels 1, 2, 3 and back under questions, and a rolling reboot.
import * as assert from 'uvu/assert'
import { abilitiesOf } from '../../inventory/levels.ts'
import { asked, disconnect, inventoryWith, nodes, on, playbook, resetWithPackages, startLab } from './cluster.ts'
import { test } from './suite.ts'
import { assertNothingLost } from './watched.ts'

test.before(async () => {
  await startLab()
  await resetWithPackages()
})
test.after(() => disconnect())

// One connection for many requests, as browsers have them. Before each it looks whether the server has ended it, and opens
// another then: what counts is a request that was sent and not answered. The machine has no module for HTTP.
const keepAlive = `
import os, select, socket, sys, time

def more(connection):
    part = connection.recv(65536)
    if not part:
        raise OSError('ended without an answer')
    return part

def ask(connection):
    connection.sendall(b'GET / HTTP/1.1\\r\\nHost: load.balance\\r\\n\\r\\n')
    got = more(connection)
    while b'\\r\\n\\r\\n' not in got:
        got += more(connection)
    head, body = got.lower().split(b'\\r\\n\\r\\n', 1)
    length = int(head.split(b'content-length:')[1].split()[0])
    while len(body) < length:
        body += more(connection)
    return b'connection: close' in head

asked = ended = broken = 0
connection = None
while not os.path.exists('/tmp/keep-alive.end'):
    if connection and select.select([connection], [], [], 0)[0]:
        connection, ended = None, ended + 1
    try:
        connection = connection or socket.create_connection(('10.2.1.5', 80), 5)
        if ask(connection):
            connection, ended = None, ended + 1
    except OSError as error:
        print(repr(error), file=sys.stderr)
        connection, broken = None, broken + 1
    asked += 1
    time.sleep(0.5)
print(asked, ended, broken)
`

const certificate = { certificate: '/etc/ssl/site.pem', key: '/etc/ssl/private/site.key' }
const kinds = {
  http: '{ type: http, header: serega-trace }',
  https: `{ type: https, certificate: ${certificate.certificate}, key: ${certificate.key} }`,
}

test('a certificate that is not there is told before anything changes', async () => {
  const { code, text } = await playbook('level1', '--inventory', inventoryWith(`service: ${kinds.https}`), '--check')
  assert.is(code, 1)
  assert.match(text, /cluster\.service\.certificate: there is no file \/etc\/ssl\/site\.pem on this host/)
})

for (const [kind, service] of Object.entries(kinds)) {
  const inventory = inventoryWith(`service: ${service}`, kind)
  const run = (level: number, ...more: string[]) =>
    playbook(`level${level as 1 | 2 | 3}`, '--inventory', inventory, ...more)

  test(`${kind}: level 1, and again without a change`, async () => {
    const { certificate: cert, key } = certificate
    const make = `openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=load.balance -keyout ${key} -out ${cert} 2>/dev/null`
    if (kind === 'https')
      await Promise.all(nodes.map((node) => on(node, `apt-get install -qy openssl >/dev/null && ${make}`)))
    const first = await run(1)
    assert.is(first.code, 0, first.text)
    const again = await run(1)
    assert.is(again.code, 0, again.text)
    assert.ok(again.document.hosts!.every(({ changes }) => changes.length === 0))
  })

  for (const level of [2, 3, 2, 1]) {
    test(`${kind}: to level ${level}, and nobody gets no answer`, async () => {
      const seen = await asked(
        'remote',
        async () => {
          const moved = await run(level)
          assert.is(moved.code, 0, moved.text)
          const { answers, findings, seen } = moved.document.cluster!
          assert.equal(findings, [])
          const names = new Set(answers.flatMap(({ answered }) => answered.TCP))
          assert.is(names.size, abilitiesOf(level, {}).balances ? nodes.length : 1)
          assert.is(abilitiesOf(level, {}).keepsClients, seen.length > 0)
        },
        inventory,
      )
      assertNothingLost(seen)
    })
    if (level === 3)
      test(`${kind}: a rolling reboot at level 3 loses nothing`, async () => {
        const seen = await asked(
          'remote',
          async () => {
            await on('remote', 'rm -f /tmp/keep-alive.end')
            const kept = kind === 'http' ? on('remote', `python3 - <<'END'\n${keepAlive}\nEND`) : undefined
            const rolled = await playbook('rolling-reboot', '--inventory', inventory)
            assert.is(rolled.code, 0, rolled.text)
            assertNothingLost(rolled.document.prober!)
            if (!kept) return
            await on('remote', 'touch /tmp/keep-alive.end')
            const [requests, ended, broken] = (await kept).trim().split(' ').map(Number)
            console.log(`an open connection: ${requests} requests, ended ${ended} times, ${broken} requests broken`)
            assert.ok(requests! > 50)
            assert.ok(ended! >= 1, 'a drained node ends it')
            assert.is(broken, 0)
          },
          inventory,
        )
        assertNothingLost(seen)
      })
  }
}

test.run()
