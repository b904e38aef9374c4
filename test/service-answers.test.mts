// The proof that the service answers, before keepalived sends clients: its plan, and its script in real bash with a dig of ours.
import { spawnSync } from 'node:child_process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Facts } from '../engine/runner/facts.ts'
import { type Change, isChange } from '../engine/runner/task.ts'
import type { Level } from '../inventory/levels.ts'
import { loadInventory } from '../inventory/load.ts'
import { serviceAnswers } from '../tasks/cluster/service-answers.ts'
import { targetOf } from '../tasks/target.ts'

const inventory = loadInventory(new URL('../inventory/example.yaml', import.meta.url).pathname, { level: 3 })
const target = targetOf(inventory, inventory.hosts[0]!, {} as Facts)
const tasks = (level: Level) => serviceAnswers(target, level)
const nothing = { changes: () => false }
const something = { changes: () => true }
const refused = 'named does not answer for health.load.balance on 10.2.1.6 (connection refused)'

test('every address to which clients come is asked', () => {
  const names = (level: Level) => tasks(level).map(({ name }) => name)
  assert.equal(names(1), ['named answers on 10.2.1.2'])
  assert.equal(names(2), ['named answers on 10.2.1.2'])
  assert.equal(names(3), ['named answers on 10.2.1.2', 'named answers on 10.2.1.6'])
})

const [, second] = tasks(3)

test('it answers: nothing to do', () => {
  assert.not.ok(isChange(second!.plan({ text: '', code: 0 }, something)))
})

test('it does not answer, and nothing that this run does could help: refused before the first change', () => {
  assert.throws(() => second!.plan({ text: `${refused}\n`, code: 1 }, nothing), `${refused}, and this run has nothing`)
})

/** Runs the script, of which dig answers from the nth question on. @returns exit code, output and the seconds slept */
function apply(from: number): [code: number | null, said: string] {
  const { apply: script } = second!.plan({ text: refused, code: 1 }, something) as Change
  // Time goes by when it sleeps.
  const madeUp = `
clock=1000
cut() { echo "$clock"; }
ip() { [ "$clock" -lt 1002 ] || echo '3: eth1 inet 10.2.1.6/32'; }
# The time of day jumps, forth and back.
sleep() { clock=$((clock + $1)) SECONDS=$((SECONDS > 0 ? -90000 : 90000)); }
dig() {
  if [ "$((clock - 1000))" -ge ${from} ]; then echo '"=nameserver-1="'; else echo ';; communications error to 10.2.1.6#53: connection refused'; fi
}`
  const { status, stdout } = spawnSync('bash', ['-c', `set -euo pipefail\n${madeUp}\n${script.text}`], {
    encoding: 'utf8',
  })
  return [status, stdout]
}

test('it answers after some seconds: the run goes on', () => assert.equal(apply(5), [0, '']))

test('an address that is not there is asked of nobody', () => {
  const { probe } = second!
  const { stdout } = spawnSync('bash', ['-c', `ip() { :; }; dig() { echo asked; }\n${probe.text}`], {
    encoding: 'utf8',
  })
  assert.is(stdout, '10.2.1.6 is not there yet\n')
})

test('it does not answer in time: the run ends here, with the cause', () => {
  const next = 'keepalived was left alone; make it answer, then run again'
  assert.equal(apply(1000), [1, `${refused}: ${next}\n`])
})

test.run()
