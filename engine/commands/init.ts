import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { loadInventory } from '../../inventory/load.ts'
import { UserError } from '../base/errors.ts'
import { isThere, makeFolder, writeNew } from '../base/new-file.ts'
import { answerTo } from '../cli/confirm.ts'

const help = `Writes a first inventory and an example playbook.

keepalived-playbooks init [FOLDER] [OPTION …]     FOLDER is this one unless it is given
  --vip ADDRESS         the virtual IP
  --network CIDR        the network that it is in: 10.2.1.0/24
  --hosts NAME=ADDRESS,NAME=ADDRESS[,…]
                        the nodes, each with its address in the network
What is not given is asked for on a terminal.`

const options = {
  vip: { type: 'string' },
  network: { type: 'string' },
  hosts: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

/** What a first inventory needs, as it was given or answered. */
interface Answers {
  vip: string
  network: string
  hosts: string
}

const questions: Readonly<Record<keyof Answers, string>> = {
  vip: 'Virtual IP, such as 10.2.1.5: ',
  network: 'Its network, such as 10.2.1.0/24: ',
  hosts: 'Nodes, such as ns1=10.2.1.2,ns2=10.2.1.3: ',
}

/**
 * Writes `inventory.yaml` and `example.mts` into a folder. Nothing is written where one of them is there, or where the
 * inventory would be wrong.
 * @param words of the command line after `init`
 * @param say called with lines for people
 * @throws UserError with what is wrong, or what is missing where nobody can be asked
 */
export async function init(words: readonly string[], say: (line: string) => void): Promise<void> {
  const { values, positionals } = parse(words)
  if (values.help) return say(help)
  const [folder = '.', more] = positionals
  if (more !== undefined) throw new UserError(`one folder, got ${positionals.join(' ')}; see init --help`)
  const files = ['inventory.yaml', 'example.mts'].map((name) => join(folder, name))
  const there = files.find(isThere)
  if (there) throw new UserError(`${there} is there already, and stays as it is: name another folder`)
  const text = inventoryText(await complete(values))
  assertRight(text)
  makeFolder(folder)
  writeNew(files[0]!, text)
  writeNew(files[1]!, example)
  for (const file of files) say(`wrote ${relative('', file)}`)
  say(`next: npx keepalived-playbooks level1 --inventory ${relative('', files[0]!)} --check`)
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true })
  } catch (error) {
    throw new UserError(`${(error as Error).message.split('. ')[0]}; see init --help`)
  }
}

/** Asks for what was not given. @throws UserError where stdin is not a terminal */
async function complete(given: Partial<Answers>): Promise<Answers> {
  const names = Object.keys(questions) as (keyof Answers)[]
  const missing = names.filter((name) => !given[name])
  const instead = `add ${missing.map((name) => `--${name}`).join(', ')}; see init --help`
  const answers = { vip: '', network: '', hosts: '', ...given }
  for (const name of missing) answers[name] = await answerTo(questions[name], instead)
  return answers
}

// JSON is YAML: what was typed is data there, whatever it holds.
function inventoryText({ vip, network, hosts }: Answers): string {
  const rows = hosts.split(',').map((host) => {
    const [name, address = ''] = host.trim().split('=')
    return `  ${JSON.stringify(name)}: { address: ${JSON.stringify(address)} }\n`
  })
  return `# The cluster, its nodes, and the way to them. Every key: docs/inventory.md.
cluster:
  vip: ${JSON.stringify(vip)}
  network: ${JSON.stringify(network)}
hosts:
${rows.join('')}`
}

/** @throws UserError with what is wrong of an inventory */
function assertRight(text: string): void {
  const attempt = mkdtempSync(join(tmpdir(), 'init-'))
  const file = join(attempt, 'inventory.yaml')
  try {
    writeFileSync(file, text)
    loadInventory(file)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    // The places in a file that is gone tell nothing.
    const lines = error.message.split('\n').map((line) => line.replace(`${file}:`, '').replace(/^\d+:\d+ /, ''))
    throw new UserError(lines.join('\n'), error.exitCode)
  } finally {
    rmSync(attempt, { recursive: true })
  }
}

const example = `// A playbook of your own: npx zx example.mts --inventory inventory.yaml --check
import { file, playbook } from 'keepalived-playbooks'

await playbook(import.meta.url, {
  title: 'An example',
  tasks: ({ host, cluster }) => [file('/etc/motd', \`\${host.name}, a node of \${cluster.vip}\\n\`)],
})
`
