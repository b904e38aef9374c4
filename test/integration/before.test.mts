// Level playbooks whose check at the end could not be made: refused before any host is worked on.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { PlaybookName } from '../documents.ts'
import { play } from './nobody.ts'

const runs: [playbook: PlaybookName, args: string[], refused?: RegExp][] = [
  ['level1', [], /^desk: .*\nOr leave the check at the end out: --no-verify$/],
  ['level1', ['--check'], /^desk: .*\nOr leave the check at the end out: --no-verify$/],
  ['level1', ['--no-verify']],
  ['level1', ['--limit', 'ns1']],
  ['teardown', []],
  ['rolling-reboot', ['--check'], /^desk: .*$/],
  ['drill', [], /^desk: .*$/],
]
for (const [name, args, refused] of runs) {
  test(`a client that is away: ${[name, ...args].join(' ')}`, () => {
    const { status, stderr, document } = play(name, ...args)
    assert.is(status, 4, stderr)
    if (refused) assert.match(document.error!, refused)
    else assert.not.match(stderr + document.error, /desk/)
    const hosts = 'hosts' in document ? document.hosts : undefined
    assert.is(hosts?.length ?? 0, refused ? 0 : args.includes('--limit') ? 1 : 2)
  })
}

test('--step asks nobody in check mode', () => {
  const { status, document } = play('level1', '--check', '--step')
  const why = '--step asks before changes are made, and --check makes none: leave one of them out'
  assert.equal([status, document.error], [3, why])
})

test('drills have a playbook of their own, and verify says so', () => {
  const { status, stderr } = play('verify', '--drill', '--drill-kill')
  assert.is(status, 3)
  assert.match(stderr, 'drills have a playbook of their own: npx zx playbooks/drill.mts')
})

test.run()
