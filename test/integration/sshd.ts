import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { $ } from 'zx/core'
import { freePort } from '../../lab/port.ts'
import { sshdPrograms } from './programs.ts'

/** A real sshd on loopback, over a throw-away copy of this machine with users of its own. */
export interface Sshd {
  port: number
  pid: number
  /** Where its keys are: `host_ed25519`, `host_rsa`, `user`, `user_encrypted`, `stranger`; removed by `stop`. */
  folder: string
  /** Its host key as a known_hosts line without the host: `ssh-ed25519 AAAA…`. */
  hostKey: string
  /** What it has logged so far. */
  log(): string
  stop(): Promise<void>
}

/** The password of the users that have one, and of `user_encrypted`. */
export const password = 'correct horse'

/**
 * The users: `free` may sudo, `asked` and `typed` with their password, `shell` may run bash and nothing else,
 * `refused` may not, `bare` has no sudo in its PATH. All log in with the key `user`, and all but root with their password; `typed` by keyboard-interactive alone.
 */
const setup = `
set -eu
folder=$1
read -r password
mount -t tmpfs tmpfs "$folder/space"
cd "$folder/space"
mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir="$folder/space/upper",workdir="$folder/space/work" root
cd root
mount --rbind /dev dev
mount --rbind /proc proc
mount -t tmpfs tmpfs run
mkdir -p run/sshd srv/sshd/bare
cp "$folder"/sshd_config "$folder"/host_* "$folder"/authorized_keys srv/sshd/
chmod 755 srv srv/sshd
chmod 644 srv/sshd/authorized_keys
ln -s /usr/bin/env /usr/bin/bash srv/sshd/bare/
if [ "$3" ]; then
  tar -x --ignore-zeros --keep-directory-symlink -f "$3"
  grep -q '^sshd:' etc/passwd || chroot . useradd --system --home-dir /run/sshd --shell /usr/sbin/nologin sshd
fi
# What root's login shell does on this machine, as to start a slow program, is no part of the tests.
rm -f root/.bashrc root/.bash_profile root/.profile
# Without the name of this machine: sudo says so each time.
echo '127.0.0.1 localhost inside' >etc/hosts
echo 'hosts: files' >>etc/nsswitch.conf
sed -i '/^hosts:/!b; /files$/!d' etc/nsswitch.conf
for user in free asked refused bare typed shell; do
  chroot . useradd --create-home --shell /bin/dash "$user"
  echo "$user:$password" | chroot . chpasswd
done
chroot . usermod --shell /bin/bash asked
cat >etc/sudoers <<END
Defaults env_reset, use_pty, secure_path="/usr/sbin:/usr/bin:/sbin:/bin"
root ALL=(ALL) ALL
free ALL=(ALL) NOPASSWD: ALL
asked ALL=(ALL) ALL
typed ALL=(ALL) ALL
shell ALL=(root) NOPASSWD: /usr/bin/bash
END
exec $2 chroot . /usr/sbin/sshd -D -e -f /srv/sshd/sshd_config`

const config = (port: number, { address, config: more = '' }: SshdOptions) => `
${more}
ListenAddress ${address}
Port ${port}
HostKey /srv/sshd/host_ed25519
HostKey /srv/sshd/host_rsa
AuthorizedKeysFile /srv/sshd/authorized_keys
StrictModes no
UsePAM yes
PidFile none
LogLevel VERBOSE
PasswordAuthentication yes
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Match User typed
  PasswordAuthentication no
  PubkeyAuthentication no
  KbdInteractiveAuthentication yes
Match User bare
  SetEnv PATH=/srv/sshd/bare
`

/** What is not as usual. */
export interface SshdOptions {
  /** Where it listens. */
  address: string
  /** Further lines of sshd_config, before all others. */
  config?: string
  /** Network namespace of its own, with nothing but a loopback that is down. */
  alone?: boolean
}

/**
 * Starts sshd. Mounts are made in a mount namespace of its own, so that users, sudo and all that is written there
 * exist for it alone; so do sshd and sudo where this machine has none.
 * @throws Error with what was said, when it does not start
 */
export async function startSshd(options: SshdOptions = { address: '127.0.0.1' }): Promise<Sshd> {
  const folder = await mkdtemp(join(tmpdir(), 'sshd-test-'))
  await mkdir(join(folder, 'space'))
  await makeKeys(folder)
  const port = await freePort()
  await writeFile(join(folder, 'sshd_config'), config(port, options))
  const { pid, log, stop: stopServer } = await start(folder, options)
  const hostKey = (await readFile(join(folder, 'host_ed25519.pub'), 'utf8')).split(' ').slice(0, 2).join(' ')
  const stop = async () => {
    await stopServer()
    await rm(folder, { recursive: true })
  }
  return { port, pid, folder, hostKey, log, stop }
}

async function makeKeys(folder: string): Promise<void> {
  // The bits are those of RSA, of which more take seconds to find.
  const make = (name: string, passphrase: string, type = 'ed25519') =>
    $({ quiet: true, cwd: folder })`ssh-keygen -q -t ${type} -b 2048 -C ${name} -N ${passphrase} -f ${name}`
  await Promise.all([
    make('host_ed25519', ''),
    make('host_rsa', '', 'rsa'),
    make('user', ''),
    make('user_encrypted', password),
    make('stranger', ''),
  ])
  const allowed = await Promise.all(['user.pub', 'user_encrypted.pub'].map((name) => readFile(join(folder, name))))
  await writeFile(join(folder, 'authorized_keys'), Buffer.concat(allowed))
}

async function start(folder: string, { address, alone }: SshdOptions): Promise<Pick<Sshd, 'pid' | 'log' | 'stop'>> {
  // sshd goes with the test, even if that is killed.
  const words = [
    '--pdeathsig',
    'KILL',
    'unshare',
    '--mount',
    'sh',
    '-c',
    setup,
    'sh',
    folder,
    alone ? 'unshare --net --pid --fork --kill-child' : '',
    (await sshdPrograms()) ?? '',
  ]
  const child = spawn('setpriv', words)
  // A test looks for it in the process list.
  child.stdin.end(`${password}\n`)
  const ended = new Promise((resolve) => child.once('close', resolve))
  let log = ''
  const tooLate = setTimeout(() => child.kill(), 300_000)
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      log += chunk
      if (log.includes(`Server listening on ${address} port`)) resolve()
    })
    child.once('close', () => reject(new Error(`sshd did not start: ${log}`)))
  })
  clearTimeout(tooLate)
  const stop = async () => {
    // With the first process of a PID namespace, sessions end too that wait for a cut connection.
    child.kill('SIGKILL')
    await ended
  }
  return { pid: child.pid!, log: () => log, stop }
}
