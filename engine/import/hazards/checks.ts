import { within, type Statement } from '../../conf/statement.ts'
import { find } from '../facts.ts'
import { groupOf, isLeftOut } from '../meaning-checks.ts'
import { blocks, globals, hazard, type Hazard, type NodeFiles } from './hazard.ts'

const timeout = hazard('check-without-timeout', 'say timeout, a second less than interval')
const fall = hazard('check-without-fall', 'say fall 2 and rise 1')
const user = hazard('check-without-user', 'say user, or script_user in global_defs')
const root = hazard('check-as-root', 'give it a user that may do just that')
const security = hazard('no-script-security', 'say enable_script_security in global_defs')
const killall = hazard('killall', 'look at what clients get: a port, a URL; or use pgrep -x')
const untracked = hazard('check-not-tracked', 'name it in track_script of the instance')
const undefinedScript = hazard('check-not-defined', 'define it by vrrp_script, or take the line out')
const shell = hazard('shell-in-check', 'put the command into a script with #!/bin/sh')
const inGroup = hazard('check-weight-in-sync-group', 'say sync_group_tracking_weight in the group, or weight 0')
const itself = hazard('check-of-keepalived', 'look at what clients get: while it runs, this never fails')
const quotes = hazard('quotes-of-quotes', 'write " alone')
const stops = hazard('check-stops-keepalived', 'let it only fail: keepalived moves the virtual IP')

const seesKeepalived = /\b(killall|pkill) (-0|-s 0|--signal 0) keepalived\b|\b(pidof|pgrep)( -\w+)* keepalived\b/
const syntax = /[|&;<>`*?()]|\$[({]/

/** Scripts by which keepalived checks a node. */
export function checkHazards(node: NodeFiles): Hazard[] {
  const global = globals(node)
  const scripts = blocks(node, 'vrrp_script')
  const holders = [...blocks(node, 'vrrp_instance'), ...blocks(node, 'vrrp_sync_group')]
  const tracked = holders.flatMap(({ block }) => within(block, 'track_script'))
  const names = scripts.map(({ words }) => words[1])
  const isSecure = find(global, 'enable_script_security') !== undefined
  return [
    ...scripts.flatMap((script) => ofScript(script, global, tracked)),
    ...(!isSecure && scripts.some(({ block }) => runsAsRoot(find(block, 'user') ?? find(global, 'script_user')))
      ? [security(scripts[0]!, 'scripts are run by root even where others may write them')]
      : []),
    ...blocks(node, 'vrrp_instance').flatMap((one) => weightless(one, node, scripts)),
    ...tracked
      .filter(({ words }) => !names.includes(words[0]))
      .map((line) => undefinedScript(line, `track_script ${line.words[0]} names no vrrp_script, and is left out`)),
  ]
}

const runsAsRoot = (user: Statement | undefined) => (user?.words[1] ?? 'root') === 'root'

/** Scripts that keepalived leaves out, since the instance moves with others. */
function weightless({ words, block }: Statement, { statements }: NodeFiles, scripts: readonly Statement[]): Hazard[] {
  const group = groupOf(words[1] ?? '', statements)
  return within(block, 'track_script').flatMap((line) => {
    const script = scripts.find((one) => one.words[1] === line.words[0])
    return script && isLeftOut(line, script, group)
      ? [
          inGroup(
            line,
            `${line.words[0]} has a weight, and ${words[1]} is in a sync group: keepalived leaves the check out`,
          ),
        ]
      : []
  })
}

function ofScript(script: Statement, global: readonly Statement[], tracked: readonly Statement[]): Hazard[] {
  const { words, block } = script
  const name = words[1] ?? ''
  const line = find(block, 'script') ?? script
  const command = line.words.slice(1).join(' ')
  const who = find(block, 'user') ?? find(global, 'script_user')
  return [
    ...(find(block, 'timeout')
      ? []
      : [timeout(script, `${name} may take as long as interval before it counts as failed`)]),
    ...(find(block, 'fall') || find(block, 'rise')
      ? []
      : [fall(script, `${name} fails at once: a single slow answer moves the virtual IP`)]),
    ...(who ? [] : [user(script, `${name} is run by keepalived_script where there is such a user, else by root`)]),
    ...(who?.words[1] === 'root' ? [root(who, `${name} is run by root`)] : []),
    ...(/\bkillall\b/.test(command)
      ? [killall(line, `${name} needs psmisc and rights over the process, and sees a process, not a service`)]
      : []),
    ...(/^"[^"]*"$/.test(command)
      ? [quotes(line, `${name} has \\" around its program: keepalived takes the quotes for a part of its path`)]
      : []),
    ...(seesKeepalived.test(command) ? [itself(line, `${name} looks at keepalived itself, which runs it`)] : []),
    ...(/(stop|kill|restart)\w* .*keepalived|keepalived (stop|restart)/.test(command) && !seesKeepalived.test(command)
      ? [stops(line, `${name} ends keepalived: nobody starts it again when the service is back`)]
      : []),
    ...(syntax.test(command) && !/^\S*sh -c /.test(command)
      ? [shell(line, `${name} goes through a shell only where its first word is no program`)]
      : []),
    ...(tracked.some((one) => one.words[0] === name)
      ? []
      : [untracked(script, `${name} is defined, and no instance tracks it: it changes nothing`)]),
  ]
}
