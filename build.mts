// Builds the package into dist/: JavaScript, types, and the files that the code reads.
import { chmodSync, cpSync, globSync, rmSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { version } from './engine/cli/options.ts'

const root = fileURLToPath(new URL('.', import.meta.url))
rmSync(`${root}dist`, { recursive: true, force: true })
execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
for (const file of globSync(
  [
    'templates/*.ejs',
    'engine/clients/*.py',
    'services/*/*.py',
    'tasks/os/firewall/*.pl',
    'inventory/schema.json',
    'documents/*.schema.json',
  ],
  {
    cwd: root,
  },
))
  cpSync(`${root}${file}`, `${root}dist/${file}`)
writeFileSync(`${root}dist/package.json`, `${JSON.stringify({ type: 'module', version })}\n`)
chmodSync(`${root}dist/bin.js`, 0o755)
