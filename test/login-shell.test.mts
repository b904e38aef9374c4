// Whatever the files of a login shell do: a script runs whole or not at all. Against a real sshd.
import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Way, execute, reach, refusal } from './reach.ts'
import { needRoot } from './root.ts'
import { password, startSshd } from './sshd.ts'

// Real users and a sudo that works can't be had without.
needRoot('real')
const sshd = await startSshd()
// Its login shell reads no file.
const other = await reach(sshd, { user: 'free' })
test.before(() => other.connect())
test.after(async () => {
  await other.close()
  await sshd.stop()
})

/** @returns what a script prints that runs beside */
const beside = async (script: string) => (await other.run(script, { timeout: 20 })).stdout.toString()

/** Who logs in, by bash: root, and a user whose sudo wants a password. */
const users: Way[] = [{ user: 'root' }, { user: 'asked', becomePassword: password }]
const rcFile = ({ user }: Way) => (user === 'root' ? '/root/.bashrc' : `/home/${user}/.bashrc`)
const leaveRc = (way: Way, rc: string) => beside(`cat >${rcFile(way)} <<'END'\n${rc}\nEND\nrm -f /srv/ran`)

/** Three lines, of which some alone would be wrong. */
const script = `echo "1 $0 $-" >/srv/ran; set -e; if false; then
echo 2 >>/srv/ran; fi
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
for (const way of users) {
  for (const [name, rc] of harmless) {
    test(`${way.user}: a file that ${name}`, async () => {
      await leaveRc(way, rc)
      const { stdout, code } = await execute(sshd, way, script)
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
for (const way of users) {
  const nothingRuns = async (rc: string, startTimeout: number, why: RegExp) => {
    await leaveRc(way, rc)
    assert.match(await refusal(execute(sshd, { ...way, startTimeout }, script)), why)
    assert.is(await beside('cat /srv/ran 2>/dev/null'), '')
  }
  for (const [name, rc] of waiting)
    test(`${way.user}: a file that ${name}: nothing runs, and that is told`, () =>
      nothingRuns(rc, 1, /comes to no script|did not arrive whole|sudo asks/))
  for (const [name, rc, why] of refusing)
    test(`${way.user}: a file that ${name}: nothing runs, and that is told`, () => nothingRuns(rc, 20, why))

  test(`${way.user}: a reader that is left behind: all of it or nothing`, async () => {
    await leaveRc(way, 'cat <&0 >/dev/null &')
    const long = `${script}\n# ${'x'.repeat(200_000)}`
    const said = await execute(sshd, { ...way, startTimeout: 2 }, long).then(String, ({ message }: Error) => message)
    const ran = await beside('cat /srv/ran 2>/dev/null')
    if (ran === '') assert.match(said, /did not arrive whole|comes to no script/)
  })
}

test('a login shell that hangs does not stay', async () => {
  const [, asked] = users
  await leaveRc(asked!, 'sleep 8765')
  await refusal(execute(sshd, { ...asked, startTimeout: 1 }, script))
  for (let tries = 0; (await beside('pgrep -fx "sleep 8765" || true')) !== ''; tries++) {
    assert.ok(tries < 100, 'it still runs')
    await wait(100)
  }
})

for (const shell of ['fish', 'tcsh', 'zsh', 'ksh', 'mksh'].map((name) => `/usr/bin/${name}`).filter(existsSync)) {
  test(`login shell ${shell}`, async () => {
    await beside(`usermod --shell ${shell} asked; rm -f /srv/ran`)
    const { stdout } = await execute(sshd, users[1]!, script)
    assert.is(stdout.toString(), '2 builtin\nfile \n')
  })
}

test.run()
