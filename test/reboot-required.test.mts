// Why a host wants to be rebooted: by notes of packages, needs-restarting and kernels that are made up.
import { execFileSync } from 'node:child_process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { whyReboot } from '../engine/cluster/reboot-required.ts'

const running = '6.1.0-28-cloud-amd64'

/** @returns what is printed on a host where this was done */
function printed(done: string, kernels: readonly string[] = [running]): string {
  const script = `mount -t tmpfs none /run; mount -t tmpfs none /boot
uname() { echo ${running}; }
touch ${['/boot/config', ...kernels.map((kernel) => `/boot/vmlinuz-${kernel}`)].join(' ')}
${done}
${whyReboot.text}`
  return execFileSync('unshare', ['--map-root-user', '--mount', 'bash', '--norc', '-c', script], { encoding: 'utf8' })
}

const told = (text: string, code: number) => `needs-restarting() { echo '${text}'; return ${code}; }`

test('packages that asked for it are named', () => {
  assert.is(
    printed('touch /run/reboot-required; printf "libc6\\nlinux-image\\nlibc6\\n" >/run/reboot-required.pkgs'),
    'libc6 linux-image asked for it\n',
  )
  assert.is(printed('touch /run/reboot-required'), 'a package asked for it\n')
})

test('needs-restarting says so in words: its exit code alone may be that it has failed', () => {
  assert.is(printed(told('Reboot is required to fully utilize these updates.', 1)), 'needs-restarting -r says so\n')
  assert.is(printed(told('', 1)), '')
  const german = `needs-restarting() { [ "$LC_ALL" = C ] && echo 'Reboot is required.' || echo 'Neustart ist erforderlich.'; }`
  assert.is(printed(`export LC_ALL=; ${german}`), 'needs-restarting -r says so\n')
  assert.is(printed(told('Reboot should not be necessary.', 0)), '')
})

test('a newer kernel of the same kind counts, where the one that runs is of the distribution', () => {
  const newer = '6.1.0-30-cloud-amd64'
  assert.is(printed(':'), '')
  assert.is(printed(':', [running, newer]), `the kernel ${newer} is installed, and ${running} runs\n`)
  assert.is(printed(':', [running, '6.1.0-9-cloud-amd64', '6.12.0-1-amd64']), '')
  assert.is(printed(':', [newer]), '')
  assert.is(printed(':', [running, `${newer}.bak`]), '')
})

test.run()
