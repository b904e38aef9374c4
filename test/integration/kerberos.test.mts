// Logins by a ticket of Kerberos, against a real Kerberos server and a real sshd.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { needRoot } from '../root.ts'
import { startRealm } from './kerberos.ts'
import { execute, reach, refusal, type Way } from './reach.ts'
import { type Sshd, startSshd } from './sshd.ts'

// Real users and a sudo that works can't be had without.
needRoot('real')
const config = 'GSSAPIAuthentication yes\nGSSAPIStrictAcceptorCheck no'
const [realm, member, stranger] = await Promise.all([
  startRealm(),
  startSshd({ address: '127.0.0.1', config }),
  startSshd(),
])
test.after(async () => {
  for (const { stop } of [member, stranger, realm]) await stop()
})
const transport = await reach(member)
const keytab = (await realm.keytab('host/127.0.0.1')).toString('base64')
await transport.run(`base64 -d >/etc/krb5.keytab <<<${keytab}; cat >/etc/krb5.conf <<'END'\n${realm.conf}END`, {
  timeout: 60,
})
await transport.close()
Object.assign(process.env, realm.env)
await realm.login('free')

/** @returns who the login is as, on the host and before sudo, and what was said of it */
async function login(at: Sshd, way: Way) {
  const said: string[] = []
  const detail = (line: string) => said.push(line)
  const { stdout } = await execute(at, { ...way, detail }, 'echo "$SUDO_USER as $USER"')
  return { printed: stdout.toString(), said }
}
const allowed = { user: 'free', config: 'GSSAPIAuthentication yes' }
const said = ['ns1: by the program ssh, for the Kerberos ticket']

test('the ticket alone is enough, and sudo works', async () => {
  assert.equal(await login(member, { ...allowed, key: 'none' }), { printed: 'free as root\n', said })
})

test('a host that is not of the realm is reached by the key', async () => {
  assert.equal(await login(stranger, allowed), { printed: 'free as root\n', said })
})

test('a ticket is left alone where GSSAPIAuthentication is not said', async () => {
  assert.equal(await login(member, { user: 'free' }), { printed: 'free as root\n', said: [] })
  assert.match(await refusal(login(member, { user: 'free', key: 'none' })), 'there was no key and no password to try')
})

test('the user of another ticket is refused', async () => {
  assert.match(await refusal(login(member, { ...allowed, user: 'asked', key: 'none' })), 'refused asked')
})

test.run()
