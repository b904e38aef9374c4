// Paths of ssh_config that OpenSSH fills in late, by what it says of them itself.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { sshSettings } from '../../engine/transport/ssh-config.ts'
import { refusal } from './reach.ts'

const folder = mkdtempSync(join(tmpdir(), 'ssh-paths-'))
test.after(() => rmSync(folder, { recursive: true }))
process.env.HELD = '%h'
process.env.EMPTY = ''

/** What is made of a host with these lines of ssh_config. */
function settings(lines: string, more: { identity_file?: string } = {}) {
  const config = join(folder, 'config')
  writeFileSync(config, `${lines}\n`)
  return sshSettings({ host: 'ns1', config, ...more }, 'ns1')
}
const homeOf = (user: string) => execFileSync('getent', ['passwd', user], { encoding: 'utf8' }).split(':')[5]

test('the home of another user', async () => {
  const home = homeOf('daemon')
  const { identityFiles, certificateFiles, revokedHostKeys, control, agent, proxy } = await settings(
    'IdentityFile ~daemon/key\nIdentityFile ~/key\nCertificateFile ~daemon/key.pub\nRevokedHostKeys ~daemon/list\n' +
      'ControlPath ~daemon/%h\nIdentityAgent ~daemon/agent\nProxyCommand ~daemon/%n',
  )
  const own = homeOf(String(process.getuid!()))
  assert.equal(identityFiles, [`${home}/key`, `${own}/key`])
  assert.equal([certificateFiles, revokedHostKeys], [[`${home}/key.pub`], [`${home}/list`]])
  assert.equal([control, agent], [`${home}/ns1`, `${home}/agent`])
  // A shell reads that.
  assert.is(proxy!.at(-1), 'exec ~daemon/ns1')
})

test('variables are filled in once, those of a command by its shell', async () => {
  const { identityFiles, proxy } = await settings('IdentityFile /${HELD}/%h${EMPTY}\nProxyCommand echo ${UNSET} $HELD')
  assert.equal([identityFiles, proxy!.at(-1)], [['/%h/ns1'], 'exec echo ${UNSET} $HELD'])
})

test('a percent sign in the path of a key of the inventory is none of the tokens', async () => {
  for (const name of ['100%', '%h key', '50%d', 'a b']) {
    const key = join(folder, name)
    writeFileSync(key, '')
    const { identityFiles } = await settings('', { identity_file: key })
    assert.equal(identityFiles, [key])
  }
})

for (const setting of ['IdentityFile', 'CertificateFile', 'RevokedHostKeys'])
  test(`${setting}: what OpenSSH would refuse is told by its place`, async () => {
    const why = (path: string) => refusal(settings(`LogLevel QUIET\n${setting} ${path}`))
    assert.is(
      await why('${UNSET}/x'),
      `ns1: ${setting} \${UNSET}/x of ssh_config: \${UNSET} is not set in the environment: set it, or write the path out there`,
    )
    assert.match(await why('/x${HOME'), `${setting} /x\${HOME of ssh_config: \${HOME is not set`)
    assert.is(
      await why('~nosuch/x'),
      `ns1: ${setting} ~nosuch/x of ssh_config: there is no user nosuch here: mend the name, or write the path out there`,
    )
  })

for (const setting of ['UserKnownHostsFile', 'IdentityAgent', 'ControlPath'])
  test(`${setting}: what ssh -G refuses itself is told alike`, async () => {
    const why = (path: string) => refusal(settings(`LogLevel QUIET\n${setting} ${path}`))
    assert.match(
      await why('${UNSET}/x'),
      /^ns1: (a path of ssh_config|.*config line 2): \$\{UNSET\} is not set in the environment: set it, or write the path out there$/,
    )
    assert.match(await why('~nosuch/x'), 'there is no user nosuch here: mend the name')
  })

test('GlobalKnownHostsFile has no variables, and is no reason to refuse', async () => {
  assert.equal((await settings('GlobalKnownHostsFile ${UNSET}/x\nUserKnownHostsFile none')).knownHostsFiles, [])
})

test.run()
