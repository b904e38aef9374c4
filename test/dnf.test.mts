// Installing packages by dnf, with programs that say what the real ones say: dnf 4.14 and 5.2, as their own tests and users record it.
import { spawnSync } from 'node:child_process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseFacts } from '../engine/runner/facts.ts'
import { packages } from '../tasks/packages.ts'
import { inFreshFolders, path } from './engine-host.ts'
import { changeOf, make, tell } from './made-up-commands.ts'

inFreshFolders()

const facts = parseFacts('ids=rocky rhel centos fedora\ninit=systemd\n')
const task = packages({ facts }, 'keepalived', 'curl', 'bind')
const installs = changeOf(task, 'curl\ninstalled\n')

/** Runs bash with these programs. @returns what it printed */
function printed(script: string, programs: Record<string, string>): string {
  const functions = Object.entries(programs).map(([name, text]) => `${name}() { ${text}\n}`)
  return spawnSync('bash', ['--norc', '-c', [...functions, script].join('\n')], { encoding: 'utf8' }).stdout
}

test('what is installed counts by what it provides, each name once', () => {
  const rpm = `printf '%s\\n' curl curl-minimal 'config(keepalived)' keepalived 'no package provides bind' curl`
  assert.is(printed(task.probe.text.replace('exec ', ''), { rpm }), 'curl\ninstalled\nkeepalived\ninstalled\n')
})

test('what is missing is installed, without what is only recommended', () => {
  const { status, log } = make(installs.apply.text, { dnf: tell('dnf'), rpm: tell('rpm') })
  assert.is(status, 0)
  assert.equal(log, ['dnf -q -y --setopt=install_weak_deps=False install -- keepalived bind'])
})

const said: [name: string, said: string, told: RegExp][] = [
  [
    'unknown names, dnf 4',
    'Error: Unable to find a match: keepalived bind',
    /^no repository that is on has keepalived bind \nkeepalived: dnf config-manager --set-enabled crb\n$/,
  ],
  [
    'unknown names, dnf 5',
    'Failed to resolve the transaction:\nNo match for argument: keepalived\nNo match for argument: bind\nYou can try to add to command line:\n  --skip-unavailable to skip unavailable packages',
    /^no repository that is on has keepalived bind \nkeepalived: dnf/,
  ],
  [
    'a mirror that is away, dnf 4',
    "Errors during downloading metadata for repository 'appstream':\n  - Curl error (6): Couldn't resolve host name\nError: Failed to download metadata for repo 'appstream': Cannot prepare internal mirrorlist",
    /'appstream'.*\na repository can not be read: see to its mirror/,
  ],
  [
    'a mirror that is away, dnf 5',
    'Failed to download metadata (metalink: "https://x/") for repository "updates": Usable URL not found',
    /"updates".*\na repository can not be read/,
  ],
  [
    'no subscription',
    'Updating Subscription Management repositories.\nUnable to read consumer identity\n\nThis system is not registered with an entitlement server. You can use subscription-manager to register.\n\nError: There are no enabled repositories in "/etc/yum.repos.d".',
    /^no repository is on: register the host \(subscription-manager register\)/,
  ],
  [
    'a scriptlet that fails',
    'Installing : bind\ngroupadd: GID exists\nerror: %prein(bind-9.18) scriptlet failed, exit status 6\n\nError: Transaction failed',
    /^error: %prein.*\nError: Transaction failed\n$/,
  ],
  ['something else', 'one\ntwo\nthree\nfour\nfive', /^two\nthree\nfour\nfive\n$/],
]
for (const [name, text, told] of said)
  test(`an installation that fails says why: ${name}`, () => {
    const dnf = `case "$*" in
*repoquery*) printf 'keepalived: dnf config-manager --set-enabled crb\\n\\n' ;;
*) cat <<'END' >&2
${text}
END
exit 1 ;;
esac`
    const { status, stdout } = make(installs.apply.text, { dnf, rpm: tell('rpm') })
    assert.is(status, 1)
    assert.match(stdout, told)
  })

test('undo removes what came, and nothing that others need', () => {
  const programs = { dnf: tell('dnf'), rpm: tell('rpm') }
  const { log } = make(installs.undo.text, programs)
  assert.equal(log, [
    'rpm -e --test -- keepalived bind',
    'dnf -q -y --setopt=install_weak_deps=False --setopt=clean_requirements_on_remove=False remove -- keepalived bind',
  ])
  const needed = 'error: Failed dependencies:\n\tbind is needed by (installed) bind-chroot-9.18.x86_64'
  const kept = make(installs.undo.text, { ...programs, rpm: `${tell('rpm')}cat <<'END' >&2\n${needed}\nEND\nexit 1` })
  assert.is(kept.status, 0)
  assert.equal(kept.log, ['rpm -e --test -- keepalived bind'])
  assert.match(
    kept.stdout,
    'note: left installed, since others need them: error: Failed dependencies: bind is needed by',
  )
  assert.ok(path('log'))
})

test.run()
