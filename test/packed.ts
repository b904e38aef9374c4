// The package as users get it: packed, and unpacked below the node_modules of an empty folder.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** @returns a project's folder with the package, what it depends on, and the examples */
export function packedProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'package-'))
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  for (const name of readdirSync(join(root, 'node_modules')).filter((one) => !one.startsWith('.')))
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  const quiet = { cwd: root, stdio: 'pipe' } as const
  execFileSync(process.execPath, ['build.mts'], quiet)
  const [{ filename }] = JSON.parse(
    String(execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], quiet)),
  )
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', folder])
  cpSync(join(folder, 'package'), join(modules, 'keepalived-playbooks'), { recursive: true })
  for (const used of [filename, 'package']) rmSync(join(folder, used), { recursive: true })
  cpSync(join(root, 'examples'), folder, { recursive: true })
  return folder
}
