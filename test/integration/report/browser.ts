import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

/** Nothing of Chromium's own that would ask the network, or wait for an answer. */
const flags = [
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking',
  '--disable-component-update --disable-sync --disable-extensions --disable-dev-shm-usage --hide-scrollbars',
  '--remote-debugging-pipe',
].flatMap((line) => line.split(' '))

export type Scheme = 'light' | 'dark'

/** One Chromium with one page at a time: to start one for each page takes longer than all else. */
export interface Browser {
  /** Opens a page, and returns when all of it is there. */
  open(page: string): Promise<void>
  setScheme(scheme: Scheme): Promise<void>
  /** @returns what an expression is in the page */
  find<T>(expression: string): Promise<T>
  /** @returns a PNG of this size */
  screenshot(width: number, height: number): Promise<Buffer>
  /** @returns a PDF */
  print(): Promise<Buffer>
  close(): Promise<void>
}

/** What the DevTools protocol answers, or tells by itself. */
interface Message {
  id?: number
  method?: string
  result?: Record<string, unknown>
  error?: { message: string }
}

/** Starts Chromium, with a profile of its own. */
export async function startBrowser(): Promise<Browser> {
  const folder = mkdtempSync(join(tmpdir(), 'report-'))
  const child = spawn('chromium', [...flags, `--user-data-dir=${folder}/profile`], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  })
  const ended = once(child, 'close')
  const { send, next } = protocol(child.stdio[3] as Writable, child.stdio[4] as Readable)
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
  const ask = (method: string, params: object = {}) => send(method, params, sessionId as string)
  await ask('Page.enable')
  return {
    async open(page) {
      const file = join(folder, 'page.html')
      writeFileSync(file, page)
      const loaded = next('Page.loadEventFired')
      await ask('Page.navigate', { url: `file://${file}` })
      await loaded
    },
    async setScheme(value) {
      await ask('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] })
    },
    async find<T>(expression: string) {
      const { result } = await ask('Runtime.evaluate', { expression, returnByValue: true })
      return (result as { value: T }).value
    },
    async screenshot(width, height) {
      await ask('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false })
      return Buffer.from((await ask('Page.captureScreenshot')).data as string, 'base64')
    },
    print: async () => Buffer.from((await ask('Page.printToPDF')).data as string, 'base64'),
    async close() {
      child.kill()
      await ended
      // Its processes may write to the profile a moment longer.
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
    },
  }
}

/** The DevTools protocol over pipes: JSON, and a zero byte after each message. */
function protocol(input: Writable, output: Readable) {
  const answers = new Map<number, (message: Message) => void>()
  const events = new Map<string, () => void>()
  let rest = ''
  output.setEncoding('utf8').on('data', (chunk: string) => {
    const texts = (rest + chunk).split('\0')
    rest = texts.pop()!
    for (const message of texts.map((text): Message => JSON.parse(text))) {
      if (message.id !== undefined) answers.get(message.id)?.(message)
      else events.get(message.method!)?.()
    }
  })
  let last = 0
  const send = async (method: string, params: object, sessionId?: string) => {
    const id = ++last
    input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    const { result, error } = await new Promise<Message>((resolve) => answers.set(id, resolve))
    if (!result) throw new Error(`${method}: ${error?.message}`)
    return result
  }
  return { send, next: (event: string) => new Promise<void>((resolve) => events.set(event, resolve)) }
}
