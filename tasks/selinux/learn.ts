import { posix } from 'node:path'
import { exitCode, UserError } from '../../engine/base/errors.ts'
import { type Script, sh } from '../../engine/base/sh.ts'
import { type Task, unchanged } from '../../engine/runner/task.ts'
import { file, fileResource, ownFile } from '../file.ts'
import { load, loadAtEnd, placeOf, unload } from './policy-module.ts'

const source = '/etc/keepalived/keepalived_learned.cil'
const module = posix.basename(source, '.cil')
const head = `; Written by keepalived-playbooks: what SELinux would have forbidden keepalived while it learned, and allows since.
; Take out what it shall not do, and load the rest: semodule -X 400 -i ${source}
`
/** Is there while it learns; its last line is the second of the host's clock in which that began. */
const sinceFile = '/etc/keepalived/selinux_learns_since'
const permissiveModule = 'permissive_keepalived_t'

/**
 * The article's way. While keepalived learns, SELinux forbids it nothing and writes down what it would have forbidden; this is
 * allowed, and all else forbidden again, by the first run that does not learn. The file that says since when goes last, as one that
 * is not listed any more: a run that is broken off before is done again.
 * @param now seconds since 1970 by the host's clock
 */
export const learning = (learns: boolean, now: number): Task[] => [
  ...(learns ? [file(sinceFile, (current) => current ?? `${ownFile}${now}\n`, { mode: '600' })] : []),
  learned(learns),
  allowsLearned(learns),
  permissive(learns),
]

// audit2allow(1) tells the rules that were missing. What was forbidden at other times is not learned. TZ: ausearch takes today's
// daylight saving for that of all dates.
const readRules: Script = sh`
(
export TZ=UTC
since=$(tail -n 1 ${sinceFile} 2>/dev/null) || exit 0
[[ $since =~ ^[0-9]+$ ]] || { echo 'failed=the file does not say since when'; exit; }
command -v audit2allow >/dev/null || { echo 'failed=there is no audit2allow (policycoreutils-python-utils)'; exit; }
if [ -e /var/log/audit/audit.log ]; then
  ausearch --input-logs --raw -m AVC,USER_AVC -ts "$(date -d "@$since" +%x)" "$(date -d "@$since" +%X)"
else
  journalctl -q -o cat --since "@$since" _TRANSPORT=audit + _TRANSPORT=kernel
fi 2>/dev/null | grep -E 'avc: .* scontext=[^ ]*:keepalived_t:.* permissive=1' | { audit2allow || echo "failed=audit2allow ends with $?"; } 2>/dev/null
)`

const endOfRules = '; end of rules'

/** What was learned goes into the file when learning ends. */
const learned = (learns: boolean): Task => ({
  ...file(source, head),
  probe: learns
    ? sh`true`
    : sh`
${readRules}
echo ${endOfRules}
${fileResource(source).probe}`,
  plan: ({ text, code }, planned) => {
    if (learns) return unchanged()
    const [said, found] = text.split(`${endOfRules}\n`) as [string, string]
    const why = said.match(/^failed=(.*)$/m)?.[1]
    if (why)
      throw new UserError(
        `what SELinux has learned can not be read: ${why}. Mend that, or forget it: rm ${sinceFile}`,
        exitCode.failed,
      )
    const rules = rulesIn(said)
    if (found === '' && rules.length === 0) return unchanged()
    const content = (current = head) => withRules(current, rules)
    return file(source, content, { mode: '600' }).plan({ text: found, code }, planned)
  },
})

/** @param said what audit2allow printed @returns the same in the policy's own language */
const rulesIn = (said: string): string[] =>
  [...said.matchAll(/^allow ([\w.-]+) ([\w.-]+):(\w+) (?:\{ ([\w ]+) \}|(\w+));$/gm)].map(
    ([, from, to, kind, many, one]) => `(allow ${from} ${to} (${kind} (${many ?? one})))`,
  )

function withRules(current: string, rules: readonly string[]): string {
  const there = current.split('\n')
  return current + rules.flatMap((rule) => (there.includes(rule) ? [] : [`${rule}\n`])).join('')
}

const allowsLearned = (learns: boolean): Task => ({
  name: 'SELinux allows keepalived what it has learned',
  key: `SELinux module ${module}`,
  probe: sh`
[ ! -e ${sinceFile} ] || echo learning
grep -qs '^(allow ' ${source} && echo rules
compgen -G ${placeOf(module)} >/dev/null && echo loaded
true`,
  plan: ({ text }, planned) => {
    const [learning, rules, loaded] = ['learning', 'rules', 'loaded'].map((word) => text.includes(`${word}\n`))
    const more = planned.changes(source)
    // Of a run that was broken off, the file may have more than what is loaded.
    if (!more && (!rules || (loaded && (learns || !learning)))) return unchanged()
    return {
      before: loaded ? `${module}, as it was` : '',
      after: module,
      // A file that has only changed its mode may have no rules.
      apply: sh`! grep -q '^(allow ' ${source} || ${load(source)}`,
      undo: loaded ? loadAtEnd(source) : unload(module),
    }
  },
})

/** The domain that others have made permissive stays so, unless it has been learned in. */
const permissive = (learns: boolean): Task => ({
  name: learns ? 'SELinux learns what keepalived does, and forbids it nothing' : 'SELinux forbids keepalived all else',
  key: 'SELinux permissive keepalived_t',
  probe: sh`
getsebool keepalived_connect_any 2>/dev/null
[ ! -e ${sinceFile} ] || echo learning
compgen -G ${placeOf(permissiveModule)}
true`,
  plan: ({ text }) => {
    if (!text.includes('keepalived_connect_any')) return unchanged('the policy does not confine keepalived')
    const is = text.includes(permissiveModule)
    if (is === learns || (!learns && !text.includes('learning\n'))) return unchanged()
    const enforce = unload(permissiveModule)
    return {
      before: `keepalived_t ${is ? 'permissive' : 'enforcing'}`,
      after: `keepalived_t ${learns ? 'permissive' : 'enforcing'}`,
      apply: learns ? makePermissive : enforce,
      undo: learns ? enforce : makePermissive,
    }
  },
})

/** As `semanage permissive -a` does it, which is gone again where this undoes something. */
const makePermissive: Script = sh`
folder=$(mktemp -d)
echo '(typepermissive keepalived_t)' >"$folder"/${`${permissiveModule}.cil`}
semodule -X 400 -i "$folder"/${`${permissiveModule}.cil`} && code=0 || code=$?
rm -rf -- "$folder"
[ "$code" -eq 0 ]`
