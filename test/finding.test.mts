// Findings are told apart by what they are about, never by their words.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Finding, isSame, textsOf, without } from '../engine/cluster/finding.ts'

const known: Finding = { code: 'keepalived-down', node: 'ns1', text: 'ns1: keepalived is failed' }
const others: [name: string, other: Finding, same: boolean][] = [
  ['other words', { ...known, text: 'ns1: keepalived is activating' }, true],
  ['another node', { ...known, node: 'ns2' }, false],
  ['another code', { ...known, code: 'service-down' }, false],
  ['about something else', { ...known, about: 'UDP ns3' }, false],
]
for (const [name, other, same] of others)
  test(name, () => {
    assert.is(isSame(known, other), same)
    assert.equal(textsOf(without([other], [known])), same ? [] : [other.text])
  })

test('lost answers are never known: more of them can be lost', () => {
  const lost: Finding = { code: 'unanswered', about: 'client UDP', text: '1 of 10 questions got no answer' }
  assert.equal(without([lost], [lost]), [lost])
})

test.run()
