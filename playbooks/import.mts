#!/usr/bin/env -S npx zx
// Reads the keepalived.conf that a cluster has already, and writes an inventory that says the same. Changes no host.
import { exitCode, UserError } from '../engine/base/errors.ts'
import { assertNew, writeNew } from '../engine/base/new-file.ts'
import { main } from '../engine/cli/main.ts'
import { hostProbe, sourceOf } from '../engine/import/host.ts'
import { importConf, type Named, type Source } from '../engine/import/import.ts'
import { always, isAsMeant, reportLines } from '../engine/import/report.ts'
import { inventoryText } from '../engine/import/text.ts'
import { sshTransport } from '../engine/transport/ssh.ts'

const program = {
  title: 'Import: an inventory from keepalived.conf',
  document: 'import',
  words: 'FILE…',
  own: [
    { name: 'host', value: 'HOST,…', help: 'read the files of these hosts over SSH, in place of FILE' },
    {
      name: 'nodes',
      value: 'NAME=ADDRESS,…',
      help: 'the nodes, in the order of the files; more of them have no file here',
    },
    { name: 'output', value: 'FILE', help: 'write the inventory there; without it, it is printed' },
  ],
} as const

await main(import.meta.url, program, async (context) => {
  const { options, console, document } = context
  const { own, words } = options
  const given = { inventory: options.inventory, limit: options.limit, check: options.check, diff: options.diff }
  for (const [name, value] of Object.entries(given))
    if (value) throw new UserError(`--${name} has no meaning here: nothing is changed on any host`)
  if (options.askPass || options.askBecomePass)
    throw new UserError('no password is asked for here: log in with a key, or fetch the files and name them')
  if (own.output !== undefined) assertNew(own.output)
  if ((words.length === 0) === (own.host === undefined))
    throw new UserError('name the keepalived.conf of each node, or --host HOST,… whose files to read; see --help')
  const sources = own.host === undefined ? words.map((file) => ({ file })) : await fetched(own.host.split(','))
  const result = importConf(sources, namedNodes(own.nodes))
  const text = inventoryText(result.draft, [`From ${sources.map(({ file }) => file).join(', ')}.`])
  const { hazards, unsaid, kept, added, trifles, refused, draft } = result
  Object.assign(document, {
    inventory: text,
    level: draft.level,
    asMeant: isAsMeant(result),
    unsaid: unsaid.map(({ need, text: what }) => ({ need, text: what })),
    kept: kept.map(({ need, text: what }) => ({ need, text: what })),
    hazards: hazards.map(({ code, place, what, cure }) => ({ code, ...place, what, cure })),
    added: [...added, ...always],
    trifles,
    refused,
    missing: draft.gaps.map(({ mark, why }) => ({ mark, why })),
  })
  if (own.output === undefined) console.print(`\n${text.trimEnd()}`)
  else writeNew(own.output, text)
  for (const line of reportLines(result)) console.print(line)
  if (own.output !== undefined) console.print(`wrote ${own.output}`)
  return exitCode.ok

  async function fetched(hosts: readonly string[]): Promise<Source[]> {
    return Promise.all(
      hosts.map(async (host) => {
        const transport = sshTransport({ host }, { name: host, connectTimeout: 15 })
        context.atEnd(() => transport.close())
        const { stdout } = await transport.run(hostProbe.text, { timeout: options.timeout })
        return sourceOf(host, stdout.toString('utf8'))
      }),
    )
  }
})

function namedNodes(given: string | undefined): Named[] {
  return (given?.split(',') ?? []).map((one) => {
    const [name = '', address = ''] = one.trim().split('=')
    if (name === '' || address === '') throw new UserError(`--nodes must be NAME=ADDRESS,…, got "${one}"`)
    return { name, address }
  })
}
