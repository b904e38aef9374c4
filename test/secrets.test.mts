// Passwords of an inventory: in the environment, from a file or a program, and never in a message.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runHere } from '../inventory/secret.ts'
import { passwordWords, spoiltPasswords } from './inventory/passwords.mts'
import { cluster, complaint, folder, lines, load, smallest } from './inventory/samples.mts'

for (const [line, message] of spoiltPasswords) {
  test(`spoilt password: ${line}`, () => {
    const said = complaint(cluster(line), { env: {}, run: runHere })
    assert.is(said, lines(message))
    assert.not.match(said, /KPSj|XfR|fRG|12345678/)
  })
}

test('a password from the environment', () => {
  const text = cluster('auth_pass: { env: VRRP_PASS }')
  const at = '4:21 cluster.auth_pass.env: the environment variable VRRP_PASS'
  assert.is(load(text, { env: { VRRP_PASS: 'KPSjXfRG' } }).cluster.auth_pass, 'KPSjXfRG')
  assert.is(
    complaint(text, { env: {} }),
    lines('4:21 cluster.auth_pass.env: no environment variable of this name is set'),
  )
  assert.is(complaint(text, { env: { VRRP_PASS: '' } }), lines(`${at} is empty`))
  const long = `${at} must hold ${passwordWords}, but holds 9 characters`
  assert.is(complaint(text, { env: { VRRP_PASS: 'KPSjXfRG9' } }), lines(long))
})

test('a password that a program prints, which runs in the folder of the inventory, and never for an inventory that is wrong', () => {
  const text = cluster('auth_pass: { command: cat vrrp.pass }')
  const at = '4:25 cluster.auth_pass.command: "cat vrrp.pass"'
  const ran: string[] = []
  const run = (words: readonly string[], where: string) => {
    ran.push([...words, where].join(' '))
    return 'KPSjXfRG\n'
  }
  assert.is(load(text, { run }).cluster.auth_pass, 'KPSjXfRG')
  assert.equal(ran, [`cat vrrp.pass ${folder}`])
  assert.match(complaint(text.replace('10.2.1.5', '10.2.1'), { run }), 'cluster.vip')
  assert.is(ran.length, 1)
  const really = (words: string) => complaint(text.replace('cat vrrp.pass', words), { run: runHere })
  assert.match(really('cat no.pass'), '"cat no.pass" ended with exit code 1')
  assert.is(
    really('no-such-program x'),
    lines('4:25 cluster.auth_pass.command: no program of this name can be run here'),
  )
  writeFileSync(join(folder, 'vrrp.pass'), 'KPSjXfRG\n')
  assert.is(load(text, { run: runHere }).cluster.auth_pass, 'KPSjXfRG')
  writeFileSync(join(folder, 'vrrp.pass'), 'KPSjXfRG9\n')
  const printed = `what "cat vrrp.pass" prints must hold ${passwordWords}, but holds 9 characters`
  assert.is(complaint(text, { run: runHere }), lines(at.replace('"cat vrrp.pass"', printed)))
  for (const words of ['"cat `id`"', "'a; b'", '$HOME/x', '"a | b"', '""'])
    assert.match(complaint(text.replace('cat vrrp.pass', words)), 'must be a program, and words after it')
})

test('passwords of SSH and sudo: those of a host go before the common ones, and each program runs once', () => {
  const ran: string[] = []
  const run = ([program]: readonly string[]) => {
    ran.push(program!)
    return `${program} `
  }
  const text = smallest
    .replace('cluster:', 'ssh: { password: { command: common }, become_password: { env: SUDO } }\ncluster:')
    .replace('10.2.1.3 }', '10.2.1.3, ssh: { password: { command: own } } }')
  const { hosts } = load(`${text}clients: { c: { ssh: { host: c } } }\n`, { run, env: { SUDO: 's' } })
  assert.equal(
    hosts.map(({ ssh }) => [ssh.password, ssh.become_password]),
    [
      ['common ', 's'],
      ['own ', 's'],
    ],
  )
  assert.equal(ran, ['common', 'own'])
  assert.match(complaint(text, { env: {} }), 'ssh.become_password.env: no environment variable of this name is set')
  assert.match(complaint(text.replace('{ env: SUDO }', 'plain')), 'ssh.become_password: must be { env: NAME }')
})

test('a password from a file that only its owner reads', () => {
  const text = cluster('auth_pass: { file: secret/pass }')
  const secret = join(folder, 'secret', 'pass')
  const at = '4:22 cluster.auth_pass.file:'
  assert.is(complaint(text), lines(`${at} can not read this file: there is no such file`))
  mkdirSync(join(folder, 'secret'), { mode: 0o700 })
  assert.is(
    complaint(text.replace('/pass', '')),
    lines(`${at} can not read "${join(folder, 'secret')}": it is a directory`),
  )
  writeFileSync(secret, 'KPSjXfRG\n', { mode: 0o600 })
  assert.is(load(text).cluster.auth_pass, 'KPSjXfRG')
  for (const encoding of ['utf8', 'utf16le'] as const) {
    writeFileSync(secret, '\ufeffKPSjXfRG\r\n', encoding)
    assert.is(load(text).cluster.auth_pass, 'KPSjXfRG', encoding)
  }
  writeFileSync(secret, 'KPSjXfRG\n\n')
  assert.is(complaint(text), lines(`${at} "${secret}" must hold ${passwordWords}, but holds 9 characters`))
  chmodSync(secret, 0o640)
  const open = `${at} "${secret}" is open to others than its owner (mode 640): chmod 600 "${secret}"`
  assert.is(complaint(text), lines(open))
})

test('the path of such a file is as ssh_config has it, and is never shown where it leads nowhere', () => {
  const of = (path: string) => complaint(cluster(`auth_pass: { file: ${path} }`))
  const at = '4:22 cluster.auth_pass.file:'
  const nobody = lines(
    `${at} begins with the home of a user whom there is not here: mend the name after "~", write the path out, or begin with "./"`,
  )
  assert.is(of('~KPSjXfRG/x'), nobody)
  assert.match(of('$HOME/KPSjXfRG'), `${at} has a variable, and none are filled in here: write the path out`)
  assert.match(of('"~"'), `${at} must be the path of a file, and this is a home`)
  // Below the home of that user, not below the folder of the inventory.
  mkdirSync(join(folder, '~daemon'))
  writeFileSync(join(folder, '~daemon', 'KPSjXfRG'), 'KPSjXfRG\n', { mode: 0o600 })
  assert.is(of('~daemon/KPSjXfRG'), lines(`${at} can not read this file: there is no such file`))
  assert.is(load(cluster('auth_pass: { file: ./~daemon/KPSjXfRG }')).cluster.auth_pass, 'KPSjXfRG')
})

test.run()
