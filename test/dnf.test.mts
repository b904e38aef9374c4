// Installing packages by dnf, with programs that say what the real ones say: dnf 4.14 and 5.2, as their own tests and users record it.
import { spawnSync } from 'node:child_process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseFacts } from '../engine/runner/facts.ts'
import { packages } from '../tasks/packages.ts'
import { inFreshFolders } from './engine-host.ts'
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
  [
    'what nothing provides',
    "Error: \n Problem: conflicting requests\n  - nothing provides libsnmp.so.35()(64bit) needed by keepalived-2.2.8-4.el9.x86_64 from local\n(try to add '--skip-broken' to skip uninstallable packages)",
    /^Error: \n Problem: conflicting requests\n {2}- nothing provides libsnmp/,
  ],
  [
    'a disk that is full',
    'Error: Transaction test error:\n  installing package bind-32:9.16.23-1.el9.x86_64 needs 12MB more space on the / filesystem',
    /^Error: Transaction test error:\n {2}installing package bind-32:9.16.*needs 12MB more space/,
  ],
  [
    'a package that is left out',
    'All matches were filtered out by exclude filtering for argument: keepalived\nError: Unable to find a match: keepalived',
    /^All matches were filtered out by exclude filtering for argument: keepalived\ndnf is told to leave it out: see to excludepkgs/,
  ],
  [
    'a package of a module that is off',
    'All matches were filtered out by modular filtering for argument: bind\nError: Unable to find a match: bind',
    /^All matches .* modular .*\ndnf is told to leave it out: .* dnf module list\n$/,
  ],
  [
    'no subscription, and a mirror of your own that is away',
    "This system is not registered with an entitlement server. You can use subscription-manager to register.\nError: Failed to download metadata for repo 'local': Cannot download repomd.xml",
    /'local'.*\na repository can not be read/,
  ],
  [
    'no subscription, and a file that two packages have',
    'This system is not registered with an entitlement server. You can use subscription-manager to register.\nError: Transaction test error:\n  file /usr/bin/dig from install of bind-utils conflicts with file from package tools',
    /^Error: Transaction test error:\n {2}file \/usr\/bin\/dig from install/,
  ],
  [
    'a key that is missing',
    'Public key for bind-9.16.x86_64.rpm is not installed. Failing package is: bind-32:9.16.23-1.el9.x86_64\n GPG Keys are configured as: file:///etc/pki/key\nError: GPG check FAILED',
    /^Public key for bind.* is not installed.*\n GPG Keys are.*\nError: GPG check FAILED\n$/,
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
  // One of them is there for two architectures, and one has gone since.
  const installed = `[ "$1" != -q ] || printf '%s\\n' keepalived keepalived 'package bind is not installed'`
  const programs = { dnf: tell('dnf'), rpm: tell('rpm', installed) }
  const { log } = make(installs.undo.text, programs)
  assert.equal(log, [
    'rpm -q --qf %{NAME}\\n -- keepalived bind',
    'rpm -e --test --allmatches -- keepalived',
    'dnf -q -y --setopt=install_weak_deps=False --setopt=clean_requirements_on_remove=False remove -- keepalived',
  ])
  const needed = 'error: Failed dependencies:\n\tbind is needed by (installed) bind-chroot-9.18.x86_64'
  const refused = (said: string) =>
    make(installs.undo.text, {
      ...programs,
      rpm: `${tell('rpm', installed)}\n[ "$1" = -q ] || { echo '${said}' >&2; exit 1; }`,
    })
  const kept = refused(needed)
  assert.is(kept.status, 0)
  assert.is(kept.log.at(-1), 'rpm -e --test --allmatches -- keepalived')
  assert.match(
    kept.stdout,
    'note: left installed, since others need them: error: Failed dependencies: bind is needed by',
  )
  const locked = refused(
    'error: can not create transaction lock on /var/lib/rpm/.rpm.lock (Resource temporarily unavailable)',
  )
  assert.is(locked.status, 1)
  assert.match(locked.stdout, /^error: can not create transaction lock/)
  const gone = make(installs.undo.text, {
    ...programs,
    rpm: tell('rpm', "echo 'package bind is not installed'; exit 1"),
  })
  assert.equal([gone.status, gone.log.length], [0, 1])
})

test.run()
