import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { $ } from 'zx'

/** Nothing of Chromium's own that would ask the network, or wait for an answer. */
const flags = [
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking',
  '--disable-component-update --disable-sync --disable-extensions --disable-dev-shm-usage --hide-scrollbars',
].flatMap((line) => line.split(' '))

export type Scheme = 'light' | 'dark'

/** Opens a page in Chromium once, with a profile of its own. Gives what it printed, or what it wrote to the output. */
async function browse(page: string, options: (output: string) => string[]): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'report-'))
  // For a screenshot Chromium insists on the ending.
  const [file, output] = [join(folder, 'page.html'), join(folder, 'output.png')]
  writeFileSync(file, page)
  try {
    const run = $({ quiet: true, timeout: '120s' })
    const { stdout } = await run`chromium ${flags} --user-data-dir=${folder}/profile ${options(output)} file://${file}`
    return existsSync(output) ? readFileSync(output) : Buffer.from(stdout)
  } finally {
    // Its processes may write to the profile a moment longer.
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

const inScheme = (scheme: Scheme) => `--blink-settings=preferredColorScheme=${scheme === 'dark' ? 0 : 1}`

/** The page after its scripts have run. */
export const domOf = async (page: string, scheme: Scheme): Promise<string> =>
  (await browse(page, () => [inScheme(scheme), '--dump-dom'])).toString()

/** @returns a PNG of this size */
export const screenshot = (page: string, width: number, height: number, scheme: Scheme): Promise<Buffer> =>
  browse(page, (output) => [inScheme(scheme), `--window-size=${width},${height}`, `--screenshot=${output}`])

/** @returns a PDF */
export const printed = (page: string): Promise<Buffer> =>
  browse(page, (output) => ['--no-pdf-header-footer', `--print-to-pdf=${output}`])
