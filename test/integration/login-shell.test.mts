// Whatever the files of a login shell do: a script runs whole or not at all. Against a real sshd.
import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { HostError } from '../../engine/base/errors.ts'
import { begun } from './begun.ts'
import { type Way, execute, reach, refusal } from './reach.ts'
import { needRoot } from '../root.ts'
import { password, startSshd } from './sshd.ts'

// Real users and a sudo that works can't be had without.
needRoot('real')
const sshd = await startSshd()
// Its login shell reads no file.
const other = await reach(sshd, { user: 'free' })
test.after(async () => {
  await other.close()
  await sshd.stop()
})

/** @returns what a script prints that runs beside */
const beside = async (script: string) => (await other.run(script, { timeout: 20 })).stdout.toString()

/** Who logs in, by bash: root, and a user whose sudo wants a password. */
const users: Way[] = [{ user: 'root' }, { user: 'asked', becomePassword: password }]
const ready = other
  .connect()
  .then(() =>
    beside(
      `mkdir /srv/rc; for home in /root /home/asked; do echo '. "/srv/rc/\${SSH_CLIENT%% *}"' >$home/.bashrc; done`,
    ),
  )

let logins = 0
/** A login with a file of its own, told by the address it comes from: others go on beside it. @param ran what its script writes */
async function loginWith(way: Way, rc: string): Promise<{ way: Way; ran: string }> {
  const address = `127.0.1.${++logins}`
  await ready
  await beside(`cat >/srv/rc/${address} <<'END'\n${rc}\nEND`)
  return { way: { ...way, config: `BindAddress ${address}` }, ran: `/srv/ran-${address}` }
}

/** Three lines, of which some alone would be wrong. */
const script = (ran: string) => `echo "1 $0 $-" >${ran}; set -e; if false; then
echo 2 >>${ran}; fi
IFS=$' \\t\\n'; words='a b'; set -- $words; echo "$# $(pwd -P >/dev/null && type -t echo head) $(cat)"`

const harmless: [name: string, rc: string][] = [
  ['none', ''],
  ['prints', 'echo hello; echo hello >&2; seq 1000; printf "no end"'],
  [
    'sets options',
    'set -efuvx -o pipefail; shopt -s nullglob extdebug expand_aliases; export SHELLOPTS BASHOPTS; set +u',
  ],
  [
    'defines',
    'echo() { :; }; head() { :; }; cat() { :; }; export -f echo head cat; IFS=0; export IFS; alias head=false',
  ],
  ['traps', `trap 'echo trapped' EXIT ERR DEBUG RETURN; cd /tmp; umask 777; export BASH_ENV=/srv/env ENV=/srv/env`],
  [
    'has another file for every bash',
    'echo "read -r a; echo got" >/tmp/env; export BASH_ENV=/tmp/env POSIXLY_CORRECT=1',
  ],
  ['asks the terminal', 'stty -echo; tput reset; exec 7>&1 9>&2'],
  ['waits a moment for stdin', 'read -t 0.2 -r x; read -t 0.2 -N 60 y'],
]
for (const user of users) {
  for (const [name, rc] of harmless) {
    const outcome = begun(async () => {
      const { way, ran } = await loginWith(user, rc)
      return execute(sshd, way, script(ran))
    })
    test(`${user.user}: a file that ${name}`, async () => {
      const { stdout, code } = await outcome()
      assert.equal([stdout.toString(), code], ['2 builtin\nfile \n', 0])
    })
  }
}

const waiting: [name: string, rc: string][] = [
  ['reads two lines', 'read -r a; read -r b'],
  ['reads 60 bytes', 'head -c 60'],
  ['reads all', 'cat'],
  ['hangs', 'sleep 30'],
  ['becomes another shell', 'exec dash'],
  ['hides what is printed', 'exec >/dev/null'],
  ['closes stdin', 'exec <&-'],
]
const refusing: [name: string, rc: string, why: RegExp][] = [
  ['ends', 'exit 3', /bash did not start for .*: exit code 3/],
]
/** @returns what is said of a script, and what it did, begun at once */
const tried = (user: Way, rc: string, text = script) =>
  begun(async () => {
    const { way, ran } = await loginWith(user, rc)
    const said = await execute(sshd, way, text(ran)).then(String, (error: Error) => {
      assert.instance(error, HostError, String(error))
      return error.message
    })
    return { said, ran: await beside(`cat ${ran} 2>/dev/null`) }
  })
for (const user of users) {
  const refused = [
    ...waiting.map(([name, rc]) => ({
      name,
      rc,
      startTimeout: 1,
      why: /comes to no script|did not arrive whole|sudo asks/,
    })),
    ...refusing.map(([name, rc, why]) => ({ name, rc, startTimeout: 20, why })),
  ]
  for (const { name, rc, startTimeout, why } of refused) {
    const outcome = tried({ ...user, startTimeout }, rc)
    test(`${user.user}: a file that ${name}: nothing runs, and that is told`, async () => {
      const { said, ran } = await outcome()
      assert.match(said, why)
      assert.is(ran, '')
    })
  }

  const long = (ran: string) => `${script(ran)}\n# ${'x'.repeat(200_000)}`
  const outcome = tried({ ...user, startTimeout: 2 }, 'cat <&0 >/dev/null &', long)
  test(`${user.user}: a reader that is left behind: all of it or nothing`, async () => {
    const { said, ran } = await outcome()
    if (ran === '') assert.match(said, /did not arrive whole|comes to no script/)
  })
}

test('a login shell that hangs does not stay', async () => {
  const [, asked] = users
  const { way, ran } = await loginWith({ ...asked, startTimeout: 1 }, 'sleep 8765')
  await refusal(execute(sshd, way, script(ran)))
  for (let tries = 0; (await beside('pgrep -fx "sleep 8765" || true')) !== ''; tries++) {
    assert.ok(tries < 100, 'it still runs')
    await wait(100)
  }
})

for (const shell of ['fish', 'tcsh', 'zsh', 'ksh', 'mksh'].map((name) => `/usr/bin/${name}`).filter(existsSync)) {
  test(`login shell ${shell}`, async () => {
    await beside(`usermod --shell ${shell} asked`)
    const { stdout } = await execute(sshd, users[1]!, script('/srv/ran'))
    assert.is(stdout.toString(), '2 builtin\nfile \n')
  })
}

test.run()
