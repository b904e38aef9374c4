// What reaches a terminal or a saved page: nothing that controls it, and no secret.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { withoutKeys } from '../engine/base/private-keys.ts'
import { Console } from '../engine/cli/console.ts'
import type { RunContext } from '../engine/cli/main.ts'
import { Redactor } from '../engine/cli/redact.ts'
import { Report } from '../engine/cli/run-report.ts'
import type { Session } from '../engine/cluster/session.ts'
import { writePage } from '../engine/operations/html-report.ts'
import { loadInventory } from '../inventory/load.ts'
import type { HostResult, RunEvent } from '../engine/runner/events.ts'
import { parseFacts } from '../engine/runner/facts.ts'
import type { Plan } from '../engine/runner/plan.ts'

// Whatever the terminal is that these tests are started from.
process.env.TERM = 'xterm'
delete process.env.NO_COLOR

/** A console on a made-up terminal. @returns what it has written, and itself */
function terminal(redactor = new Redactor()) {
  const written: string[] = []
  const stream = { isTTY: true, columns: 200, write: (text: string) => written.push(text) }
  const out = new Console(stream as unknown as NodeJS.WriteStream, redactor)
  return { out, text: () => written.join('') }
}

/** Waits until something is there that comes by itself. */
async function until(there: () => boolean): Promise<void> {
  while (!there()) await sleep(20)
}

const hostile: [name: string, text: string][] = [
  ['OSC 52', '\x1b]52;c;cm0gLXJmIC8=\x07'],
  ['a cursor that moves', '\x1b[1A\r\x1b[K'],
  ['a colour', '\x1b[32m'],
  ['C1', '\u009b1A\u009d52;c;eA==\u009c'],
  ['another direction of writing', '\u202egnp.exe\u2066'],
  ['letters that nobody sees', '\u200b\u{e0072}'],
]
for (const [name, text] of hostile) {
  test(`a host's text: ${name}`, () => {
    const { out, text: written } = terminal()
    out.print(`ns1  Debian ${text}`)
    out.status(`ns1 ${text}`)
    const left = written().replaceAll(/\x1b\[(2|22)m/g, '')
    assert.not.match(left, /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/)
    assert.match(left, 'ns1  Debian \ufffd')
  })
}

test('colours of the playbook itself stay', () => {
  const { out, text } = terminal()
  out.print(`${out.colour.green('ok')} ${out.colour.bold('\x1b[31m')}`)
  assert.is(text(), '\x1b[32mok\x1b[39m \x1b[1m\ufffd[31m\x1b[22m\n')
})

test("a host's reason is not another host's line", () => {
  const { out, text } = terminal()
  const report = new Report(out, { check: false, diff: false, verbose: false }, ['ns1', 'ns2'])
  const result: HostResult = {
    ...{ host: 'ns1', status: 'failed', tasks: 1, changes: [], notTried: [], executions: 3, seconds: 1 },
    failure: { reason: 'no\nns2  ok            9 tasks' },
  }
  report.summary([result])
  report.end()
  assert.not.match(text(), /^ns2/m)
})

test('nothing is written over a question', async () => {
  const { out, text } = terminal()
  const report = new Report(out, { check: false, diff: false, verbose: false }, ['ns1'])
  report.listen({ type: 'connecting', host: 'ns1' })
  await until(() => text().includes('connecting'))
  await report.pausedWhile(async () => {
    const before = text()
    await sleep(500)
    assert.is(text(), before)
  })
  const asked = text().length
  await until(() => text().slice(asked).includes('connecting'))
  report.end()
})

test('a host that waits for the others is shown as waiting, not with what it did last', () => {
  const { out } = terminal()
  const report = new Report(out, { check: false, diff: false, verbose: false }, ['ns1'])
  const host = 'ns1'
  const change = { task: 'file x', before: '', after: '' }
  const plan = { changes: [{}], unchanged: [] } as unknown as Plan
  const shown = [
    { type: 'connected', host, facts: parseFacts('os=Debian') },
    { type: 'planned', host, plan },
    { type: 'change started', host, task: 'file x' },
    { type: 'change ended', host, change, seconds: 0 },
  ].map((event) => {
    report.listen(event as RunEvent)
    return report.busy()[0]
  })
  report.end()
  const waits = 'ns1: waiting for the other hosts'
  assert.equal(shown, ['ns1: reading the state of Debian', waits, 'ns1: file x', waits])
})

test('a report for people holds no secret', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'console-'))
  test.after(() => rmSync(folder, { recursive: true }))
  const inventory = loadInventory(new URL('../inventory/example.yaml', import.meta.url).pathname, { level: 1 })
  const report = join(folder, 'page.html')
  const { out } = terminal()
  const context = { console: out, redactor: new Redactor() } as unknown as RunContext
  const secret = 'the command ended with code 1: auth_pass SECRET'
  await writePage(context, { inventory, clients: [] } as unknown as Session, [], {
    file: report,
    ...{ title: 'x', started: new Date(0), seconds: 1, ok: false, verdict: secret, problems: [secret] },
    steps: [],
  })
  const page = readFileSync(report, 'utf8')
  assert.not.match(page, 'SECRET')
  assert.match(page, /auth_pass \*{8}/)
})

const secrets: string[] = [
  'auth_pass SECRET',
  'auth_pass "SECRET with SECRET"',
  "auth_pass 'SECRET SECRET'",
  '-        auth_pass SECRET\x1b',
  'auth_hash SECRET',
  'rocommunity SECRET 10.0.0.0/8',
  'rwcommunity6 "SECRET SECRET" default',
  'RWCommunity SECRET',
  'trapcommunity SECRET',
  'com2sec local localhost SECRET',
  'com2sec6 -Cn ctx local ::1 SECRET',
  'com2secunix local SECRET',
  'authcommunity log,execute SECRET',
  'trap2sink 10.0.0.1 SECRET 162',
  'createUser ann SHA "SECRET one" AES SECRET',
  'createUser -e 0x80 ann MD5 SECRET',
  'usmUser 1 3 0x80 0x61 SECRET',
  'defAuthPassphrase SECRET',
  'trapsess -v 3 -A SECRET -X SECRET 10.0.0.1',
  'auth_hmac "SECRET"',
  'key "rndc-key" { algorithm hmac-sha256; secret "SECRET=="; };',
  '-\tsecret "SECRET";',
  'secret SECRET ;',
  'secret"SECRET";',
  'MISC_CHECK misc_path "/usr/bin/dig -y hmac-sha256:xfer:SECRETSECRET== @10.2.1.2"',
  "nsupdate -y 'xfer:SECRETSECRET'",
  '-----BEGIN PRIVATE KEY-----\nSECRET\nSECRET=\n-----END PRIVATE KEY-----',
  '-----BEGIN OPENSSH PRIVATE KEY-----\n-SECRET\n+SECRET\n -----END OPENSSH PRIVATE KEY-----',
  '+-----BEGIN RSA PRIVATE KEY-----\n+SECRET\n+-----END RSA PRIVATE KEY-----',
  '-----BEGIN PGP PRIVATE KEY BLOCK-----\nSECRET\n-----END PGP PRIVATE KEY BLOCK-----',
  'ann:$apr1$SECRET$SECRET/SECRET.',
  'root:$6$rounds=5000$SECRET$SECRET:19000:0',
  'root:$y$j9T$SECRET$SECRET:19000:0',
  'ann:{SHA}SECRETSECRET=',
  'password $2y$05$SECRETSECRET',
  'notify "/opt/mail --smtp smtps://ann:SECRET@mail.example.com:465"',
  'url = postgres://:SECRET@localhost/db',
  'script "/usr/bin/mail-it --smtp-password=SECRET to=ann"',
  'Environment=PGPASSWORD=SECRET',
  'AuthPass=SECRET',
  'PrivateKey = SECRET=',
  '+  password SECRET',
  'password: "SECRET SECRET"',
  'user ann insecure-password=SECRET',
  'stats auth ann:SECRET',
  'script "curl -sf -u ann:SECRET http://localhost/"',
  'script "curl --user=ann:SECRET http://localhost/"',
  'script "/usr/bin/mysqladmin -uann -pSECRET ping"',
  'script "redis-cli -h 10.2.1.2 -a SECRET ping"',
  'the community of the inventory is SECRET',
  '-----BEGIN OpenVPN Static key V1-----\nSECRET\n-----END OpenVPN Static key V1-----',
  '  "auth_token": "SECRET \\" SECRET",',
  '{"tls.private_key":"SECRET"}',
  'script "curl -H \'Authorization: Bearer SECRET\' http://localhost/"',
  'script "/opt/mail --smtp-password SECRET --to ann"',
  'sshpass -p SECRET ssh ann@10.2.1.2',
]
for (const line of secrets) {
  test(`a secret is hidden: ${line}`, () => {
    const redactor = new Redactor()
    if (line.includes('inventory')) redactor.addValue('SECRET')
    const shown = redactor.redact(`before\n${line}\nafter`)
    assert.not.match(shown, 'SECRET')
    assert.match(shown, /^before\n[^]*\*{8}[^]*\nafter$/)
  })
}

test('the end of a private key, as the last lines that a program printed, or a diff with few lines around, is hidden', () => {
  const line = 'SECRET'.repeat(10)
  for (const sign of ['', '+', ' ', '    '])
    for (const body of [`${line}\n${sign}SECRET==`, `SECRET==`, `${line}\n${sign}${line}\r`]) {
      const shown = new Redactor().redact(`before it\n${sign}${body}\n${sign}-----END PRIVATE KEY-----\nafter`)
      assert.not.match(shown, 'SECRET')
      assert.match(shown, /^before it\n[^]*\n[-+ ]*-----END PRIVATE KEY-----\nafter$/)
    }
})

test('a private key that comes line by line is hidden, and what stands before and behind it is not', () => {
  const seen = (text: string) => withoutKeys(text.split('\n')).join('\n')
  const [begin, end] = ['-----BEGIN RSA PRIVATE KEY-----', '-----END RSA PRIVATE KEY-----']
  assert.is(seen(`a\n${begin}\nSECRET\nSECRET\n${end}\nb`), `a\n${begin}\n********\n********\n${end}\nb`)
  assert.is(seen(`tls.key: ${begin}\n  SECRET\n  SECRET ${end} b`), `tls.key: ${begin}\n********\n********${end} b`)
  assert.is(seen(`${begin} SECRET\nSECRET`), `${begin}********\n********`)
  // In one line, as in JSON, the redactor sees all of it.
  assert.is(seen(`${begin}\\nSECRET\\n${end}\nb`), `${begin}\\nSECRET\\n${end}\nb`)
  assert.is(seen('-----BEGIN CERTIFICATE-----\nMIIB'), '-----BEGIN CERTIFICATE-----\nMIIB')
})

test('half a private key, as a diff or a program that ended early leaves it, is hidden', () =>
  assert.not.match(new Redactor().redact('+-----BEGIN PRIVATE KEY-----\n+SECRET\n+SECR'), 'SECR'))

test('what only looks like a secret stays', () => {
  const texts = [
    'no answer to "SSH password:" on stdin: run this at a terminal',
    'cluster.auth_pass: must be { env: NAME }, { file: PATH } or { command: WORDS }',
    'a secret that nobody knows; and a password nobody gives',
    'apt-get -y install keepalived=1:2.2.7-1',
    'http://localhost:8080/a@b',
    'cp -p /etc/a /etc/b; mysql -u ann ping',
    '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
    'ssh admin@10.2.1.2:22, $1 and $2',
  ]
  for (const text of texts) assert.is(new Redactor().redact(text), text)
})

test.run()
