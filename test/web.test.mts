// HTTP and HTTPS as what a cluster serves: asked by all who ask, checked by nodes themselves and by keepalived.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Client, remoteClient, thisMachine } from '../engine/clients/client.ts'
import type { Sample } from '../engine/clients/losses.ts'
import { startProber } from '../engine/clients/prober.ts'
import { nameOf, type Question } from '../engine/clients/question.ts'
import { localTransport } from '../engine/transport/local.ts'
import type { ContentOf } from '../services/service.ts'
import { render } from '../tasks/template.ts'
import { inventoryOf, keepalivedConf, onlyContent, onlyService } from './variants.ts'

const folder = mkdtempSync(join(tmpdir(), 'web-'))
const [cert, key] = ['certificate', 'key'].map((name) => join(folder, name))
const local = localTransport()
const openssl = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=site -keyout ${key} -out ${cert}`
execFileSync('openssl', openssl.split(' '), { stdio: 'ignore' })

/** What the server does next, if not what it should. */
let odd: RequestListener | undefined
const asked: string[] = []
const answer: RequestListener = (request, response) => {
  asked.push(`${request.headers.host} ${request.url}`)
  if (odd) odd(request, response)
  else response.setHeader('x-served-by', 'ns1').end('hello')
}
const servers = {
  http: createServer(answer),
  https: createTlsServer({ cert: readFileSync(cert!), key: readFileSync(key!) }, answer),
}
test.after(() => {
  for (const server of Object.values(servers)) server.close()
  rmSync(folder, { recursive: true })
})

/** Answers of ns1 that are as good as those of nginx. */
const heads: [name: string, text: string][] = [
  ['HTTP/1.0, and no blank before the value', 'HTTP/1.0 200 OK\r\nX-Served-By:ns1 \r\n\r\nhello'],
  ['a status without words', 'HTTP/1.1 200\r\nx-served-by:\tns1\r\nContent-Length: 0\r\n\r\n'],
  [
    'chunks, behind what is told on the way',
    'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nX-Served-By: ns1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['what was before nginx has the header too', 'HTTP/1.1 200 OK\r\nX-Served-By: app-7\r\nX-Served-By: ns1\r\n\r\n'],
  ['the same in one line', 'HTTP/1.1 200 OK\r\nX-Served-By: cache-1, app-7, ns1\r\n\r\n'],
  ['lines without carriage returns', 'HTTP/1.1 200 OK\nX-Served-By: ns1\n\nhello'],
]

const textOf = (type: string, more = '') => `
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, service: { type: ${type}, ${more} } }
hosts: { ns1: { address: 10.2.1.2 }, ns2: { address: 10.2.1.3 } }
`
const certified = 'certificate: /etc/ssl/site.pem, key: /etc/ssl/site.key'

for (const [type, listening] of Object.entries(servers)) {
  await once(listening.listen(0, '127.0.0.1'), 'listening')
  const server = { address: '127.0.0.1', port: (listening.address() as AddressInfo).port }
  const text = textOf(type, `port: ${server.port}, ${type === 'https' ? certified : ''}`)
  const inventory = inventoryOf(text)
  const service = onlyService(inventory)
  const at = { asking: service.asking!, server }
  const questions = [0, 1].map((n): Question => ({ protocol: 'TCP', name: nameOf(service.asking!, `tag-${n}`) }))

  for (const client of [thisMachine(), remoteClient('a client', local)] satisfies Client[]) {
    test(`${type}, ${client.name}: each question has its own URL, and the header says who answered`, async () => {
      asked.length = 0
      assert.equal(await client.ask(at, questions, 60), { source: '127.0.0.1', texts: ['ns1', 'ns1'] })
      assert.equal(asked, ['load.balance /?tag-0', 'load.balance /?tag-1'])
    })

    const oddities: [name: string, RequestListener][] = [
      ['another status than 200', (_, response) => response.writeHead(503, { 'x-served-by': 'ns1' }).end()],
      ['no header', (_, response) => response.end()],
      ['something that is not HTTP', ({ socket }) => socket.end('=ns1=\r\n\r\n')],
      ['a redirect', (_, response) => response.writeHead(301, { 'x-served-by': 'ns1', location: '/else' }).end()],
      ['a status of four digits', ({ socket }) => socket.end('HTTP/1.1 2000 OK\r\nx-served-by: ns1\r\n\r\n')],
      ['word on the way alone', ({ socket }) => socket.end('HTTP/1.1 103 Early Hints\r\nx-served-by: ns1\r\n\r\n')],
      ['a head without end', ({ socket }) => socket.end('HTTP/1.1 200 OK\r\nx-served-by: ns1\r\n')],
      ['a head that is too long', ({ socket }) => socket.end('x'.repeat(70_000))],
    ]
    for (const [name, listener] of oddities)
      test(`${type}, ${client.name}: ${name} is no answer`, async () => {
        odd = listener
        assert.equal((await client.ask(at, questions.slice(1), 60)).texts, [undefined])
        odd = undefined
      })

    for (const [name, text] of type === 'http' ? heads : [])
      test(`${type}, ${client.name}: ${name}`, async () => {
        odd = ({ socket }) => socket.end(text)
        assert.equal((await client.ask(at, questions.slice(1), 60)).texts, ['ns1'])
        const { code, stderr } = await local.run(
          service.selfCheck({ ...inventory.hosts[0]!, identity: 'ns1' }, server.address).text,
          { timeout: 60 },
        )
        odd = undefined
        assert.equal([code, String(stderr)], [0, ''])
      })

    test(`${type}, ${client.name}: what a terminal heeds is not passed on`, async () => {
      odd = ({ socket }) => socket.end('HTTP/1.1 200 OK\r\nX-Served-By: \x1b[2Jns1\r\n\r\n')
      assert.equal((await client.ask(at, questions.slice(1), 60)).texts, ['?[2Jns1'])
      odd = undefined
    })
  }

  test(`${type}: the prober asks, over TCP alone`, async () => {
    const heard: Sample[] = []
    const probed = { ...at, servers: [{ name: 'TCP', protocol: 'TCP' as const, perSecond: 20 }] }
    const prober = await startProber({ transport: local }, [probed], 60, (sample) => heard.push(sample))
    for (let tries = 0; heard.length < 5 && tries < 600; tries++) await wait(50)
    odd = (_, response) => response.writeHead(503).end()
    const before = heard.length
    for (let tries = 0; heard.length < before + 5 && tries < 600; tries++) await wait(50)
    odd = undefined
    const { problem, tallies, samples } = await prober.stop()
    assert.is(problem, undefined)
    assert.equal(Object.keys(tallies.TCP!.answers), ['ns1'])
    assert.ok(samples.some(({ lost }) => lost === 'http-503'))
  })

  test(`${type}: a node asks itself`, async () => {
    const ask = async (identity: string) => {
      const node = { ...inventory.hosts[0]!, identity }
      const { code, stderr } = await local.run(service.selfCheck(node, server.address).text, { timeout: 60 })
      return [code, String(stderr)]
    }
    assert.equal(await ask('ns1'), [0, ''])
    const where = `nginx does not answer for ${type}://load.balance/ on 127.0.0.1`
    assert.equal(await ask('ns2'), [1, `${where} (no header X-Served-By: ns2)\n`])
    odd = (_, response) => response.writeHead(503).end()
    assert.equal(await ask('ns1'), [1, `${where} (HTTP/1.1 503 Service Unavailable)\n`])
    odd = undefined
  })

  test(`${type}: keepalived keeps a pool for TCP alone, by the same site`, () => {
    const conf = keepalivedConf(text, 2)
    assert.equal(conf.match(/^virtual_server .*/gm), [`virtual_server 10.2.1.5 ${server.port} {`])
    const kind = type === 'http' ? 'HTTP_GET' : 'SSL_GET'
    assert.match(
      conf,
      new RegExp(`${kind} \\{\\s+url \\{\\s+path /\\s+status_code 200\\s+\\}\\s+virtualhost load.balance`),
    )
    assert.is(conf.includes('enable_sni'), type === 'https')
  })
}

test('who wants a certificate of its clients gives none an answer', async () => {
  const options = { cert: readFileSync(cert!), key: readFileSync(key!), requestCert: true, rejectUnauthorized: true }
  const strict = createTlsServer(options, answer)
  await once(strict.listen(0, '127.0.0.1'), 'listening')
  const { port } = strict.address() as AddressInfo
  const { asking } = onlyService(inventoryOf(textOf('https', `port: ${port}, ${certified}`)))
  const server = { address: '127.0.0.1', port }
  for (const client of [thisMachine(), remoteClient('a client', local)] satisfies Client[]) {
    const question = { protocol: 'TCP' as const, name: nameOf(asking!, 'tag') }
    assert.equal((await client.ask({ asking: asking!, server }, [question], 60)).texts, [undefined], client.name)
  }
  strict.close()
})

test('where nothing answers, the message says why', async () => {
  const inventory = inventoryOf(textOf('http', 'port: 1'))
  const { stderr } = await local.run(onlyService(inventory).selfCheck(inventory.hosts[0]!, '127.0.0.1').text, {
    timeout: 60,
  })
  assert.match(stderr, /^nginx does not answer for http:\/\/load.balance\/ on 127.0.0.1 \(curl: \(7\) .*\)$/m)
})

test('nodes are told apart by their names, and nginx is not set up where a web server is there', () => {
  const inventory = inventoryOf(textOf('http', 'managed: false, unit: apache2, header: serega-trace'))
  const { cluster, hosts } = inventory
  const service = onlyService(inventory)
  assert.equal(hosts.map(service.answerOf), ['ns1', 'ns2'])
  assert.equal(service.tasks({ cluster, hosts, host: hosts[0]! } as never), [])
  assert.is(service.unit, 'apache2')
})

test('the site of nginx', () => {
  const site = onlyContent(inventoryOf(textOf('https', certified))) as ContentOf<'https'>
  const conf = render('health.nginx.conf', {
    sites: [site],
    headers: [site.header],
    identity: 'ns1',
    questionLog: '/log',
  })
  for (const line of ['add_header X-Served-By ns1 always;', 'listen 443 ssl;', 'ssl_certificate /etc/ssl/site.pem;'])
    assert.ok(conf.includes(line), line)
})

test.run()
