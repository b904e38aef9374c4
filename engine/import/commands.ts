import { vrrpSchemas } from '../../inventory/schema-vrrp.ts'

/** What a check script looks at, where that can be told from its command; otherwise the command as it is. */
export interface Check {
  kind: 'process' | 'port' | 'url' | 'command'
  what: string
  /** Seconds of a `timeout` in front. */
  timeout?: string
}

/** What is added so that a shell ends as the program did, or prints nothing. */
const noise =
  /\s*(&&\s*exit 0|\|\|\s*exit 1|\|\|\s*\/?(usr\/)?(bin\/)?false|[12]?>+\s*\/dev\/null|&>\s*\/dev\/null|2>&1|;)\s*$/

const program = '(?:/(?:usr/)?s?bin/)?'
const here = '(?:127\\.0\\.0\\.1|localhost|::1|0\\.0\\.0\\.0)'
const process = new RegExp(
  `^${program}(?:killall (?:-0|-s 0|-SIGNAL 0)|pidof(?: -[sx])*|pgrep(?: -x)?|pkill (?:-0|--signal 0))\\s+(?:-0 )?(\\S+)$`,
)
const connection = new RegExp(`^${program}(?:nc|ncat|netcat)((?: -\\w+(?: \\d+)?)*) (\\S+) (\\d+)$`)
const device = new RegExp(`^(?:${program}(?:bash|sh) -c )?["']?(?:echo )?[<>] ?/dev/tcp/${here}/(\\d+)["']?$`)
const listening = new RegExp(
  `^${program}(?:ss|netstat) (?![^|]*\\b(?:src|dst) )[^|]*\\|\\s*${program}e?grep (?:-\\w+ )*["']?[:.]*(\\d+) ?["']?(?:\\s*\\|\\s*grep .*)?$`,
)
const request = new RegExp(
  `^${program}(?:curl|wget)((?: (?:-{1,2}[\\w-]+|\\d+|/dev/null))*) ["']?(https?://[^\\s"']+)["']?$`,
)

/** What ends a program that hangs; the playbooks put it there themselves (services/service.ts). */
const bound = new RegExp(
  `^${program}timeout(?: (?:--foreground|--preserve-status|-v|-[ks] ?\\S+|--(?:kill-after|signal)[= ]\\S+))* (\\d+)(?:\\.\\d+)?s? (.+)$`,
)

/**
 * @param own the node's own addresses, as far as they are known
 * @returns what the command of a check looks at
 */
export function checkOf(command: string, own: readonly string[]): Check {
  const text = plain(command)
  const [, timeout, bounded] = bound.exec(text) ?? []
  return { ...kindOf(bounded === undefined ? text : plain(bounded), own), timeout }
}

/** @returns a command without what is around it for a shell alone */
function plain(command: string): string {
  let text = command.trim().replaceAll(/\s+/g, ' ')
  for (let before = ''; before !== text;) {
    before = text
    text = text.replace(noise, '').replace(/^["'](.*)["']$/, '$1')
  }
  return text
}

function kindOf(text: string, own: readonly string[]): Check {
  const found = kindIn(text, own)
  return found && canSay(found) ? found : { kind: 'command', what: full(text) }
}

const kinds = vrrpSchemas.checks.additionalProperties.properties

/** Whether an inventory can say it in this way. */
const canSay = ({ kind, what }: Check): boolean =>
  kind === 'port' ? Number(what) >= 1 && Number(what) <= 65535 : new RegExp(kinds[kind].pattern).test(what)

/** @returns how the kernel calls a program, of whose name it keeps 15 characters */
export const processName = (program: string): string => program.split('/').at(-1)!.slice(0, 15)

function kindIn(text: string, own: readonly string[]): Check | undefined {
  const [, name] = process.exec(text) ?? []
  if (name) {
    return { kind: 'process', what: processName(name.replaceAll(/\[(.)\]/g, '$1')) }
  }
  const [, , host, port] = connection.exec(text) ?? []
  if (port && (own.includes(host!) || new RegExp(`^${here}$`).test(host!))) return { kind: 'port', what: port }
  const [, tried] = device.exec(text) ?? listening.exec(text) ?? []
  if (tried) return { kind: 'port', what: tried }
  const [, , url] = request.exec(text) ?? []
  return url ? { kind: 'url', what: url } : undefined
}

/** Programs that are named without a path, where distributions have them. */
const inUsrBin =
  /^(systemctl|service|bash|sh|python3?|curl|wget|nc|pgrep|pkill|pidof|killall|ping|dig|host|nslookup|mysqladmin|mysql|redis-cli|psql|pg_isready|test|docker|kubectl|haproxy|true)(?= |$)/

const full = (text: string): string => text.replace(inUsrBin, (name) => `${name === 'sh' ? '' : '/usr'}/bin/${name}`)
