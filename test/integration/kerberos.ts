import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { $ } from 'zx/core'
import { freePort } from '../../lab/port.ts'
import { kerberosPrograms } from './programs.ts'

/** A real Kerberos server on loopback. */
export interface Realm {
  /** krb5.conf of its realm, for clients and servers. */
  conf: string
  /** What clients find their realm, their ticket and their programs by. */
  env: Record<string, string>
  /** @returns the keytab of a new principal, as bytes */
  keytab(principal: string): Promise<Buffer>
  /** Makes a user, and fetches a ticket for it. */
  login(user: string): Promise<void>
  stop(): Promise<void>
}

const confOf = (port: number) => `[libdefaults]
  default_realm = TEST
  dns_canonicalize_hostname = false
  rdns = false
[realms]
  TEST = {
    kdc = 127.0.0.1:${port}
  }
`

const kdcConfOf = (folder: string, libraries: string, port: number) => `[kdcdefaults]
  kdc_listen = 127.0.0.1:${port}
  kdc_tcp_listen = 127.0.0.1:${port}
[realms]
  TEST = {
    database_name = ${folder}/database
    key_stash_file = ${folder}/stash
  }
[dbmodules]
  db_module_dir = ${libraries}/krb5/plugins/kdb
`

/** Starts a Kerberos server whose files and programs are in a folder that goes with it. */
export async function startRealm(): Promise<Realm> {
  const folder = mkdtempSync(join(tmpdir(), 'kerberos-'))
  const root = join(folder, 'programs')
  mkdirSync(root)
  await $({ quiet: true })`tar -x --ignore-zeros -C ${root} -f ${await kerberosPrograms()}`
  const libraries = readdirSync(join(root, 'usr/lib'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.endsWith('-linux-gnu'))
    .map(({ name }) => join(root, 'usr/lib', name))[0]!
  const port = await freePort()
  const conf = confOf(port)
  writeFileSync(join(folder, 'krb5.conf'), conf)
  writeFileSync(join(folder, 'kdc.conf'), kdcConfOf(folder, libraries, port))
  const env = {
    KRB5_CONFIG: join(folder, 'krb5.conf'),
    KRB5CCNAME: `FILE:${join(folder, 'ticket')}`,
    LD_LIBRARY_PATH: libraries,
    PATH: `${join(root, 'usr/bin')}:${join(root, 'usr/sbin')}:${process.env.PATH}`,
  }
  const own = { ...process.env, ...env, KRB5_KDC_PROFILE: join(folder, 'kdc.conf') }
  const run = $({ quiet: true, env: own })
  await run`kdb5_util create -s -P master`
  const kdc = spawn('setpriv', ['--pdeathsig', 'KILL', 'krb5kdc', '-n'], { env: own })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      said += chunk
      if (said.includes('starting')) resolve()
    }
    kdc.stdout.on('data', hear)
    kdc.stderr.on('data', hear)
    kdc.once('close', () => reject(new Error(`the Kerberos server did not start: ${said}`)))
  })
  return {
    conf,
    env,
    async keytab(principal) {
      const file = join(folder, 'keytab')
      await run`kadmin.local addprinc -randkey ${principal}`
      await run`kadmin.local ktadd -k ${file} ${principal}`
      return readFileSync(file)
    },
    async login(user) {
      await run`kadmin.local addprinc -pw ${folder} ${user}`
      await $({ quiet: true, env: own, input: `${folder}\n` })`kinit ${user}`
    },
    async stop() {
      kdc.kill()
      await once(kdc, 'close')
      rmSync(folder, { recursive: true })
    },
  }
}
