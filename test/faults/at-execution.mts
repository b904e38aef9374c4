// Loaded before a playbook (node --import): writes down its executions on hosts, and breaks it off at one of them.
//   FAULT       kill: the playbook is killed (-9); cut: that host is not reached any more until the playbook ends
//   FAULT_AT    which execution: `ns1 changes 2` is the second of that kind on ns1, where those in a row count as one
//   FAULT_WHEN  before: its script is not sent any more; during: the script has begun, or the first of its changes has;
//               after: it has ended, and the playbook has not heard of that
//   FAULT_LIST  a file that gets a line for each execution, as in FAULT_AT, and FAULT when the fault has struck
import { appendFileSync } from 'node:fs'
import ssh2, { type Client, type ClientChannel, type ConnectConfig } from 'ssh2'

const { FAULT, FAULT_AT, FAULT_WHEN, FAULT_LIST } = process.env

/** What an execution is for, by what only its script has in it. */
const kinds: readonly (readonly [RegExp, string])[] = [
  [/\bapply-[0-9a-f]{18}\b/, 'changes'],
  [/\. \/etc\/os-release/, 'facts'],
  [/\bprobe-[0-9a-f]{18}/, 'probes'],
  [/arm_now; }\nalone extend/, 'wait on'],
  [/\bif disarm '\*'-/, 'confirmation'],
  [/exec bash \.\/go-back/, 'going back'],
  [/undo %s\\n/, 'rollback'],
  [/journal\/\*\//, 'journal'],
  [/ipvsadm -Ln/, 'state'],
  [/\/etc\/keepalived\/standby/, 'standby'],
  [/\/etc\/keepalived\/drain/, 'drain'],
  [/python3/, 'question'],
]

/** A connection, with what ssh2-promise and this file put there. */
type Connection = Client & { host?: string; _sock: { destroy(): void } }

const { connect, exec } = ssh2.Client.prototype
const cut = new Set<string>()

function strike(connection: Connection): void {
  if (FAULT_LIST) appendFileSync(FAULT_LIST, 'FAULT\n')
  if (FAULT === 'kill') process.kill(process.pid, 'SIGKILL')
  cut.add(connection.host!)
  connection._sock.destroy()
}

const counts = new Map<string, number>()
const latest = new Map<string, string>()

/** @returns the execution as FAULT_AT names it */
function named(host: string, script: string): string {
  const kind = kinds.find(([pattern]) => pattern.test(script))?.[1] ?? 'other'
  const what = `${host} ${kind}`
  if (latest.get(host) !== kind) counts.set(what, (counts.get(what) ?? 0) + 1)
  // It comes by the clock, between any others.
  if (kind !== 'wait on') latest.set(host, kind)
  const name = `${what} ${counts.get(what)}`
  if (FAULT_LIST) appendFileSync(FAULT_LIST, `${name}\n`)
  return name
}

/** Calls when a script that was sent over this channel has begun; one that changes the host, when its first change has. */
function onceBegun(channel: ClientChannel, script: string, act: () => void): void {
  const kind = kinds.find(([pattern]) => pattern.test(script))?.[1]
  const sign = kind === 'changes' ? /^apply-[0-9a-f]+ start/m : kind === 'rollback' ? /^undo /m : /^whole-/m
  let printed = ''
  channel.on('data', (chunk: Buffer) => {
    printed += String(chunk)
    if (!sign.test(printed)) return
    printed = ''
    act()
  })
}

/** Strikes where the script that goes over this channel is the one. */
function watch(connection: Connection, channel: ClientChannel): void {
  for (const method of ['write', 'end'] as const) {
    const send = channel[method].bind(channel) as (...words: unknown[]) => never
    let sent = false
    channel[method] = (...words: unknown[]) => {
      const script = String(words[0])
      if (sent || !script.startsWith('begin-')) return send(...words)
      sent = true
      if (named(connection.host!, script) === FAULT_AT) {
        if (FAULT_WHEN === 'before') {
          strike(connection)
          return undefined as never
        }
        if (FAULT_WHEN === 'during') onceBegun(channel, script, () => strike(connection))
        if (FAULT_WHEN === 'after') channel.on('close', () => strike(connection))
      }
      return send(...words)
    }
  }
}

Object.assign(ssh2.Client.prototype, {
  connect(this: Connection, config: ConnectConfig & { uniqueId: string }) {
    this.host = config.uniqueId
    if (!cut.has(this.host)) return connect.call(this, config)
    setImmediate(() => {
      this.emit('error', new Error('the cable is pulled'))
      this.emit('close')
    })
    return this
  },
  exec(this: Connection, ...[command, options, callback]: Parameters<Client['exec']>) {
    return exec.call(this, command, options, (error, channel) => {
      if (channel) watch(this, channel)
      callback(error, channel)
    })
  },
})
