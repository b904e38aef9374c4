// What a rolling reboot does with a cluster of three that is made up: broken off anywhere, gone on with, left alone.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { MadeUpCluster } from './made-up-cluster.ts'

/** Does something with a cluster of its own, which is gone afterwards, and to which no harm may be done. */
async function on<T>(work: (cluster: MadeUpCluster) => Promise<T>): Promise<T> {
  const cluster = new MadeUpCluster()
  try {
    const result = await work(cluster)
    assert.equal(cluster.wrongs, [])
    return result
  } finally {
    cluster.remove()
  }
}

const once = { ns1: 1, ns2: 1, ns3: 1 }

test('every node is rebooted once, the holder last, and nothing is left', () =>
  on(async (cluster) => {
    const { steps, said, error } = await cluster.roll([])
    assert.is(error, '')
    assert.match(said.join('\n'), /^ns2 {2}reboot +another boot id after 30 s \(30\.0 s\)$/m)
    assert.equal(
      steps.filter((step) => step.endsWith('reboot')),
      ['ns2: reboot', 'ns3: reboot', 'ns1: reboot'],
    )
    assert.equal([cluster.boots, cluster.left()], [once, []])
  }))

test('killed before any of its steps and resumed: every node is rebooted once, and nothing is left', async () => {
  const { steps } = await on((cluster) => cluster.roll(['--before', 'x']))
  await Promise.all(
    steps.map((step) =>
      on(async (cluster) => {
        assert.is((await cluster.roll(['--before', 'x'], step)).error, 'killed')
        assert.match((await cluster.roll([])).error, /was begun by .* and not ended; go on with it: --resume/)
        assert.is((await cluster.roll(['--resume'])).error, '', `killed before ${step}`)
        assert.equal([cluster.boots, cluster.left()], [once, []], `killed before ${step}`)
        assert.ok(Object.values(cluster.commands).every((times) => times === 1 || times === 2))
      }),
    ),
  )
})

test('interrupted: the step under way comes to its end, and no other is begun', () =>
  on(async (cluster) => {
    const { steps } = await cluster.roll([], undefined, 'ns2: reboot')
    assert.is(steps.at(-1), 'ns2: reboot')
    assert.equal(cluster.boots, { ns1: 0, ns2: 1, ns3: 0 })
    assert.is((await cluster.roll(['--resume'])).error, '')
    assert.equal([cluster.boots, cluster.left()], [once, []])
  }))

test('resumed with --limit: the node that was begun comes first all the same, and the others wait', () =>
  on(async (cluster) => {
    await cluster.roll([], 'ns2: wait until healthy')
    assert.is((await cluster.roll(['--resume', '--limit', 'ns1'])).error, '')
    assert.equal(cluster.boots, { ns1: 1, ns2: 1, ns3: 0 })
    assert.equal(cluster.left(), ['ns1: note', 'ns2: note', 'ns3: note'])
    assert.is((await cluster.roll(['--resume'])).error, '')
    assert.equal([cluster.boots, cluster.left()], [once, []])
  }))

test('resumed after a run with --limit: the nodes that were left out stay so', () =>
  on(async (cluster) => {
    await cluster.roll(['--limit', 'ns2'], 'ns2: wait for connections')
    assert.is((await cluster.roll(['--resume'])).error, '')
    assert.equal([cluster.boots, cluster.left()], [{ ns1: 0, ns2: 1, ns3: 0 }, []])
  }))

test('a node that was drained before is left out and stays drained', () =>
  on(async (cluster) => {
    cluster.drain('ns3')
    const args = ['--without-reboot', '--before', 'x', '--min-serving', '1']
    assert.is((await cluster.roll(args)).error, '')
    assert.equal(cluster.commands, { ns1: 1, ns2: 1, ns3: 0 })
    assert.equal(cluster.left(), ['ns1: drain/ns3', 'ns2: drain/ns3', 'ns3: drain/ns3'])
  }))

test('a node that could not ask its service afterwards: nothing is begun, in check mode too', () =>
  on(async (cluster) => {
    cluster.bare.add('ns3')
    for (const args of [[], ['--check']]) {
      const { steps, error } = await cluster.roll(args)
      assert.is(error, 'ns3: it has no dig to ask its service with: run the level playbook first')
      assert.equal([steps, cluster.left()], [[], []])
    }
  }))

test('faults that were there before are no reason to stop, where --min-serving allows them', () =>
  on(async (cluster) => {
    cluster.dead.add('ns3')
    assert.is((await cluster.roll(['--limit', 'ns2', '--min-serving', '1'])).error, '')
    assert.equal([cluster.boots, cluster.left()], [{ ns1: 0, ns2: 1, ns3: 0 }, []])
  }))

test('too few would serve: the node is undrained, and what an earlier run has left is not forgotten', () =>
  on(async (cluster) => {
    await cluster.roll([], 'ns2: wait until healthy')
    await cluster.roll(['--resume'], 'ns3: drain')
    cluster.dead.add('ns2')
    const { error } = await cluster.roll(['--resume'])
    assert.match(error, 'without ns3 only ns1 would serve: fewer than --min-serving 2')
    assert.match(error, 'ns3 was undrained and not rebooted: fix this, then run this playbook again with --resume')
    assert.equal(cluster.left(), ['ns1: note', 'ns2: note', 'ns3: note'])
  }))

test('a node that preempts and does not get the VIP back: the others are not left drained', () =>
  on(async (cluster) => {
    cluster.preempt = true
    const { error } = await cluster.roll(['--min-serving', '1'])
    assert.match(error, /^10\.2\.1\.5 did not move away from ns2 within 60 s: ns2 holds 10\.2\.1\.5\n/)
    const others = cluster.left().filter((flag) => /drain\/ns[23]/.test(flag))
    assert.equal(others, [])
  }))

test('a node that does not come back in time: the run ends there, and goes on when it has', () =>
  on(async (cluster) => {
    cluster.stubborn.add('ns2')
    const { error } = await cluster.roll([])
    assert.match(
      error,
      /^ns2 did not come back within \d+ s: it still runs from before\n.*; ns2 is drained; ns3 serves/,
    )
    cluster.stubborn.delete('ns2')
    assert.is((await cluster.roll(['--resume'])).error, '')
    assert.equal([cluster.boots, cluster.left()], [once, []])
  }))

test('without reboot: nobody is, and the command runs once a node', () =>
  on(async (cluster) => {
    assert.is((await cluster.roll(['--without-reboot', '--before', 'x'])).error, '')
    assert.equal([cluster.boots, cluster.commands, cluster.left()], [{ ns1: 0, ns2: 0, ns3: 0 }, once, []])
  }))

const moves: [args: string[], serving: string[]][] = [
  [[], ['ns1', 'ns2', 'ns3']],
  [['--min-serving', '1'], ['ns1']],
]
for (const [args, serving] of moves) {
  test(`the VIP moves once, and ${serving.join(', ')} get clients meanwhile`, () =>
    on(async (cluster) => {
      assert.is((await cluster.roll(args)).error, '')
      assert.equal(cluster.moves, [serving])
      assert.equal(cluster.left(), [])
    }))
}

test('clients that never end are waited for, and told of when the time is over', () =>
  on(async (cluster) => {
    cluster.endless.add('ns2')
    const { said, error } = await cluster.roll(['--limit', 'ns2', '--drain-timeout', '5'])
    assert.is(error, '')
    assert.match(said.join('\n'), 'after 5 s 1 connections and 1 UDP clients are left: they end with the node')
  }))

test('pools that do not follow: the node is undrained, and nothing was begun', () =>
  on(async (cluster) => {
    cluster.frozen = true
    const { error } = await cluster.roll([])
    assert.match(
      error,
      /^the pools of ns1 still have ns2 with weight 1\n.*ns2 was undrained, and no node was rebooted$/,
    )
    assert.equal([cluster.boots, cluster.left()], [{ ns1: 0, ns2: 0, ns3: 0 }, []])
  }))

test('a command that fails: its node is not rebooted and stays drained', () =>
  on(async (cluster) => {
    const { error } = await cluster.roll(['--before', 'echo no room; exit 3'])
    assert.match(error, /^the command ended with code 3: no room\n.*; ns2 is drained; /)
    assert.equal(
      [cluster.boots, cluster.commands],
      [
        { ns1: 0, ns2: 0, ns3: 0 },
        { ns1: 0, ns2: 1, ns3: 0 },
      ],
    )
  }))

test('what a command prints last is told of its step', () =>
  on(async (cluster) => {
    const { said } = await cluster.roll(['--before', 'echo one; echo two', '--limit', 'ns2'])
    assert.match(said.join('\n'), /ns2 {2}command +two \(/)
  }))

test('a node whose service does not start again gets no clients, and the others wait', () =>
  on(async (cluster) => {
    cluster.hurt.add('ns2')
    assert.match((await cluster.roll([])).error, /^not healthy after the work on ns2: ns2: named is inactive\n/)
    assert.equal(cluster.boots, { ns1: 0, ns2: 1, ns3: 0 })
    assert.ok(cluster.left().includes('ns1: drain/ns2'))
  }))

test('a node that answers as another one gets no clients, and the others wait', () =>
  on(async (cluster) => {
    cluster.impostors.add('ns2')
    const told = /^ns2 is back, but named does not answer for \S+ on 10\.2\.1\.11 \("=nobody="\)\n/
    assert.match((await cluster.roll([])).error, told)
    assert.equal(cluster.boots, { ns1: 0, ns2: 1, ns3: 0 })
    assert.ok(cluster.left().includes('ns1: drain/ns2'))
  }))

test('what only the cluster check sees after a node stops the run before the next one', () =>
  on(async (cluster) => {
    cluster.deafAfter = 'ns2'
    assert.match((await cluster.roll([])).error, /^no answer\n/)
    assert.equal(cluster.boots, { ns1: 0, ns2: 1, ns3: 0 })
  }))

test('a node in the pools of one protocol alone does not serve', () =>
  on(async (cluster) => {
    cluster.half.add('ns2')
    assert.match((await cluster.roll(['--limit', 'ns3'])).error, 'without ns3 only ns1 would serve')
    assert.equal(cluster.boots, { ns1: 0, ns2: 0, ns3: 0 })
  }))

test('resumed: who began it and what runs as root on each node is said', () =>
  on(async (cluster) => {
    await cluster.roll(['--before', 'apt-get -y\nreboot'], 'ns2: drain')
    const { said } = await cluster.roll(['--resume'], 'ns2: drain')
    assert.match(said[0]!, /^order  begun by \S+ on .*, Rolling reboot$/)
    assert.is(said[1], String.raw`order  each node runs "apt-get -y\nreboot" as root while it is drained`)
  }))

test('a note that one node alone has, or has otherwise, is code for no other node', async () => {
  for (const change of [{ before: 'evil' }, { reboot: false }, { by: 'ann' }, { known: [{}] }])
    await on(async (cluster) => {
      await cluster.roll(['--before', 'x'], 'ns2: reboot')
      cluster.plant('ns1', JSON.stringify({ ...JSON.parse(cluster.note('ns1')), ...change }))
      for (const args of [['--resume'], ['--resume', '--check'], []]) {
        const { error } = await cluster.roll(args)
        assert.match(error, /^the nodes tell of different rolling reboots, so none is gone on with\./)
        assert.match(error, /\n {2}ns1: \{.*\n {2}ns2, ns3: \{.*\nRemove the file where it does not belong/)
      }
      assert.equal(cluster.commands, { ns1: 0, ns2: 1, ns3: 0 })
      cluster.plant('ns1', undefined)
      assert.match((await cluster.roll(['--resume'])).error, /\n {2}ns1: nothing\n/)
      assert.equal(cluster.commands, { ns1: 0, ns2: 1, ns3: 0 })
    })
})

test('a run that was killed before all nodes had a note, or when some had none any more, is over', async () => {
  for (const states of [
    ['waiting', 'waiting'],
    ['done', 'left out'],
  ])
    await on(async (cluster) => {
      await cluster.roll(['--before', 'x'], 'ns2: drain')
      const note = JSON.parse(cluster.note('ns1'))
      cluster.plant('ns1', undefined)
      states.forEach((state, index) => cluster.plant(`ns${index + 2}`, JSON.stringify({ ...note, state })))
      assert.is((await cluster.roll(['--resume'])).error, 'there is no rolling reboot to go on with')
      assert.is((await cluster.roll([])).error, '')
      assert.equal([cluster.boots, cluster.commands, cluster.left()], [once, { ns1: 0, ns2: 0, ns3: 0 }, []])
    })
})

test('what is no note is told, and nothing is done', () =>
  on(async (cluster) => {
    for (const text of ['{', '[]', 'null', '"x"', JSON.stringify({ by: 'x', before: ['x'] })]) {
      cluster.plant('ns2', text)
      const { error } = await cluster.roll(['--resume'])
      assert.match(error, /^ns2: \S+\/rolling is no note of a rolling reboot: look at it there, and remove it$/)
    }
  }))

test('nothing to go on with', () =>
  on(async (cluster) =>
    assert.is((await cluster.roll(['--resume'])).error, 'there is no rolling reboot to go on with'),
  ))

test.run()
