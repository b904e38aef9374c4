// Several inventories in one command: the engine with clusters that are made up, and the program itself.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { $ } from 'zx/core'
import type { Documents } from '../../documents/all.ts'
import { HostError, UserError } from '../../engine/base/errors.ts'
import { runClusters } from '../../engine/cli/clusters.ts'
import { Console } from '../../engine/cli/console.ts'
import type { RunContext } from '../../engine/cli/main.ts'
import { parseOptions } from '../../engine/cli/options.ts'
import { refuseSharedHosts } from '../../engine/cluster/shared-hosts.ts'
import { Redactor } from '../../engine/cli/redact.ts'
import { checkedFilled } from '../documents.ts'

type Context = RunContext<Documents['clusters']>
type Host = NonNullable<Documents['run']['hosts']>[number]

const ok: Host = { host: 'ns1', status: 'ok', tasks: 3, changes: [], notTried: [], executions: 3, seconds: 1 }
const changed: Host = { ...ok, status: 'changed', changes: [{ task: 'a', before: '', after: '' }] }

/** @param bodies what is done with each cluster, by its file */
async function run(
  bodies: Record<string, (context: RunContext<Documents['run']>) => Promise<number>>,
  more: string[] = [],
  interrupted = false,
) {
  const files = Object.keys(bodies)
  let text = ''
  const redactor = new Redactor()
  const options = parseOptions(['-i', ...files, ...more], 'Level 1', [])
  if (typeof options === 'string') throw new Error(options)
  const document: Documents['clusters'] = { document: 'clusters', playbook: 'Level 1', exitCode: 0 }
  const endings: (() => unknown)[] = []
  const context: Context = {
    options,
    console: new Console({ isTTY: false, columns: 80, write: (line) => (text += line) }, redactor),
    redactor,
    document,
    asked: new Map(),
    machines: new Map(),
    atEnd: (action) => endings.push(action),
    underWay: () => [],
    interrupted,
    checkpoint: () => Promise.resolve(),
  }
  const code = await runClusters(
    context,
    files,
    () => ({ document: 'run', playbook: 'Level 1', exitCode: 0 }),
    (own) => bodies[own.options.inventory!]!(own as RunContext<Documents['run']>),
  )
  for (const end of endings) await end()
  document.exitCode = code
  checkedFilled('clusters', document)
  return { code, text, document }
}

const hosts =
  (code: number, ...found: Host[]) =>
  async (context: RunContext<Documents['run']>) => {
    context.document.hosts = found
    context.console.print(`said by ${context.options.inventory}`)
    return code
  }

test('a line a cluster; more of one that changed something', async () => {
  const { code, text } = await run({ 'a.yaml': hosts(0, ok), 'long.yaml': hosts(0, changed) })
  assert.is(code, 0)
  assert.is(text, 'a.yaml     ok      nothing to change\nlong.yaml  ok      ns1 changed\n  said by long.yaml\n')
})

test('two clusters that share a host are refused before either begins; the same address behind another way is none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'clusters-'))
  const written = (name: string, vip: string, hosts: string) => {
    const file = join(folder, name)
    writeFileSync(file, `cluster: { vip: ${vip}, network: 10.2.1.0/24 }\nhosts:\n${hosts}`)
    return file
  }
  const pair = '  ns1: { address: 10.2.1.2 }\n  ns2: { address: 10.2.1.3 }\n'
  const far = '  f1: { address: 10.2.1.2, ssh: { host: far1 } }\n  f2: { address: 10.2.1.3, ssh: { host: far2 } }\n'
  const a = written('a.yaml', '10.2.1.5', pair)
  const b = written('b.yaml', '10.2.1.6', '  x: { address: 10.2.1.9 }\n  y: { address: 10.2.1.3 }\n')
  const c = written('c.yaml', '10.2.1.5', far)
  assert.throws(
    () => refuseSharedHosts([a, b]),
    `${b}:4:3 hosts.y: is ns2 of ${a} too (10.2.1.3), and a host is in one cluster: take it out of one of them`,
  )
  refuseSharedHosts([a, c])
  const level1 = new URL('../../playbooks/level1.mts', import.meta.url).pathname
  const { exitCode: code, stderr } = await $({ nothrow: true })`${process.execPath} ${level1} -i ${a} ${b} --check`
  assert.is(code, 3)
  assert.match(stderr, 'hosts.y: is ns2 of')
  rmSync(folder, { recursive: true })
})

test('with --verbose all of each, whole, though they run at the same time', async () => {
  const slow = async (context: RunContext<Documents['run']>) => {
    context.console.print('one')
    await wait(20)
    context.console.print('two')
    return 0
  }
  const { text } = await run({ 'a.yaml': slow, 'b.yaml': slow }, ['-v'])
  assert.is(text.replaceAll(/^\w.*\n/gm, ''), '  one\n  two\n  one\n  two\n')
})

test('one that fails stops no other, the worst decides, and the document has all of them', async () => {
  const refused = async () => {
    throw new UserError('a.yaml:1:1 cluster: is missing')
  }
  const lost = async () => {
    throw new HostError('ns1: no answer')
  }
  const { code, text, document } = await run({
    'a.yaml': refused,
    'b.yaml': hosts(0, ok),
    'c.yaml': lost,
    'd.yaml': hosts(2, { ...ok, status: 'would change' }),
  })
  assert.is(code, 3)
  assert.match(text, 'a.yaml  failed  a.yaml:1:1 cluster: is missing')
  assert.match(text, 'd.yaml  drift   ns1 would change')
  assert.equal(
    document.clusters!.map(({ inventory, document: own }) => [inventory, (own as { exitCode: number }).exitCode]),
    [
      ['a.yaml', 3],
      ['b.yaml', 0],
      ['c.yaml', 4],
      ['d.yaml', 2],
    ],
  )
  assert.is((await run({ 'a.yaml': hosts(2, ok), 'b.yaml': hosts(1, ok) })).code, 1)
})

test('what a cluster has opened is closed when it has ended, and a defect is not hidden', async () => {
  const closed: string[] = []
  const opens = async (context: RunContext<Documents['run']>) => {
    context.atEnd(() => closed.push(context.options.inventory!))
    return 0
  }
  await run({ 'a.yaml': opens, 'b.yaml': opens })
  assert.equal(closed.sort(), ['a.yaml', 'b.yaml'])
  const defect = async () => {
    throw new TypeError('oops')
  }
  const { code, text } = await run({ 'a.yaml': defect, 'b.yaml': opens })
  assert.is(code, 1)
  assert.match(text, 'a.yaml  failed  a defect of this playbook, please report it: TypeError: oops')
  assert.match(text, 'b.yaml  ok')
})

test('after Ctrl-C no further cluster is begun, and the document says so of those', async () => {
  const { code, document } = await run({ 'a.yaml': hosts(0, ok), 'b.yaml': hosts(0, ok) }, [], true)
  assert.is(code, 130)
  assert.equal(
    document.clusters!.map(({ document: own }) => (own as { exitCode: number }).exitCode),
    [130, 130],
  )
})

test('the program: several files, as the shell gives them; one twice, and a playbook for one cluster, are refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'clusters-'))
  const files = ['a', 'b'].map((name) => join(folder, `${name}.yaml`))
  for (const file of files) writeFileSync(file, 'cluster: {}\n')
  const junit = join(folder, 'junit.xml')
  const said = (...words: string[]) => $({ quiet: true, nothrow: true })`npx zx ${words}`
  const both = await said('playbooks/level1.mts', '-i', ...files, '--json', '--junit', junit)
  assert.is(both.exitCode, 3)
  assert.is(JSON.parse(both.stdout).clusters.length, 2)
  assert.match(both.stderr, /a\.yaml +failed .*\n(.*\n)*.*b\.yaml +failed /)
  assert.match(readFileSync(junit, 'utf8'), `<testsuite name="${files[1]} playbook"`)
  const twice = await said('playbooks/level1.mts', '-i', files[0]!, '-i', files[0]!)
  assert.match(twice.stderr, `--inventory ${files[0]} is given twice`)
  const one = await said('playbooks/rolling-reboot.mts', '-i', ...files)
  assert.equal(
    [one.exitCode, one.stderr],
    [3, 'this playbook takes one inventory, got 2: it is not for several clusters at a time\n'],
  )
  rmSync(folder, { recursive: true })
})

test.run()
