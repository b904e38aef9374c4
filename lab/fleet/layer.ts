import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '../../engine/base/errors.ts'
import { ensureBuilt, runBuild } from '../build.ts'
import { cacheFolder } from '../paths.ts'

const script = fileURLToPath(new URL('layer.sh', import.meta.url))

/**
 * Builds what hosts of a fleet have over an image of the lab, unless it is there: installed packages, masked units.
 * @param image its folder
 * @returns the folder to lay over it
 * @throws UserError with the last words of a build that failed
 */
export async function ensureLayer(image: string, say: (line: string) => void): Promise<string> {
  const recipe = createHash('sha256').update(basename(image)).update(readFileSync(script))
  const folder = join(cacheFolder, `fleet-${recipe.digest('hex').slice(0, 16)}`)
  await ensureBuilt(folder, 'the packages of a fleet', say, async (build) => {
    say('installing the packages of a fleet, once; this takes less than a minute')
    for (const name of readdirSync(build)) rmSync(join(build, name), { recursive: true, force: true })
    const own = ['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child']
    const command = [...own, 'bash', script, build, join(image, 'disk.raw')]
    const failure = await runBuild(command, () => {})
    if (failure) throw new UserError(`The packages of a fleet could not be installed:\n${failure}`, 1)
  })
  return join(folder, 'layer')
}
