// What is read of a host before any task, by its own files.
import { execFileSync } from 'node:child_process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { factsProbe, parseFacts } from '../engine/runner/facts.ts'

/** @returns the packet filters of a host with this /etc/ufw/ufw.conf */
function firewallsWith(conf: string): readonly string[] {
  const script = `mount -t tmpfs none /etc
mkdir /etc/ufw /etc/network
printf '%s' "$CONF" >/etc/ufw/ufw.conf
echo 'PRETTY_NAME=Linux ID=debian' >/etc/os-release
${factsProbe.text}`
  const text = execFileSync('unshare', ['--map-root-user', '--mount', 'bash', '--norc', '-c', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH!, CONF: conf },
  })
  return parseFacts(text).firewalls.filter((name) => name === 'ufw')
}

const confs: [name: string, conf: string, found: string[]][] = [
  ['it is on', '# /etc/ufw/ufw.conf\n\nENABLED=yes\nLOGLEVEL=low\n', ['ufw']],
  ['it is on, in the last line', 'ENABLED=yes', ['ufw']],
  ['it is on, in other words', 'ENABLED="YES"\n', ['ufw']],
  ['it is off, and a comment says how to turn it on', '# ENABLED=yes at boot\nENABLED=no\n', []],
  ['it is off, and another setting is on', 'ENABLED=no\nLOG_ENABLED=yes\n', []],
  ['it was never set up', '', []],
]
for (const [name, conf, found] of confs) test(`ufw: ${name}`, () => assert.equal(firewallsWith(conf), found))

test.run()
