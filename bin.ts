#!/usr/bin/env node
// Runs a playbook of this package by its name: keepalived-playbooks level2 --inventory my.yaml; or writes a first inventory.
import { readdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { keepCompiled } from './engine/base/compiled.ts'
import { tell } from './engine/base/errors.ts'
import { didYouMean } from './engine/base/suggest.ts'

keepCompiled()
const folder = fileURLToPath(new URL('playbooks/', import.meta.url))
const playbooks = new Map(
  readdirSync(folder).flatMap((file) => {
    const [, name] = /^([\w-]+)\.m[jt]s$/.exec(file) ?? []
    return name ? [[name, `${folder}${file}`] as const] : []
  }),
)
const [name = '', ...words] = process.argv.slice(2)
const file = playbooks.get(name)
if (name === 'init') {
  const { init } = await import('./engine/commands/init.ts')
  await init(words, (line) => console.log(line)).catch(tell)
} else if (file) {
  // The playbook finds itself, and its options after it, as if it had been started by its path.
  process.argv.splice(1, Infinity, file, ...words)
  await import(pathToFileURL(file).href)
} else {
  const names = [...playbooks.keys()].sort()
  console.error(
    name === '' || name.startsWith('-')
      ? `usage: keepalived-playbooks PLAYBOOK|init [OPTION …]; --help after it shows its options\nplaybooks: ${names.join(', ')}`
      : `there is no playbook "${name}"${didYouMean(name, names)}; there are ${names.join(', ')}`,
  )
  process.exitCode = 3
}
