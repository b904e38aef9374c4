import { posix } from 'node:path'
import { sh } from '../engine/base/sh.ts'
import { type Task, unchanged } from '../engine/runner/task.ts'
import { file, fileResource } from './file.ts'

const source = '/etc/keepalived/keepalived_learned.cil'
const module = posix.basename(source, '.cil')
const head = `; Written by keepalived-playbooks: what SELinux would have forbidden keepalived while it learned, and allows now.
; A line that you take out is not allowed any more once you have loaded the rest: semodule -X 400 -i ${source}
`

/** Where a module of the policy is, when it is loaded; of any policy, at the priority of administrators. */
const placeOf = (name: string) => `/var/lib/selinux/*/active/modules/400/${name}`
const permissiveModule = 'permissive_keepalived_t'

/**
 * The article's way. While it learns, SELinux forbids keepalived nothing and writes down what it would have forbidden; this is
 * allowed, and all else forbidden again, by the first run that does not learn.
 * @param learns whether it learns from now on
 */
export const learning = (learns: boolean): Task[] => [
  learned(learns),
  allowsLearned(learns),
  ...(learns ? [permissive] : []),
]

/** The file is there from the moment when learning begins. What was learned goes into it when it ends. */
const learned = (learns: boolean): Task => ({
  ...file(source, ''),
  // What SELinux has forbidden at other times is not learned. audit2allow (1) tells the rules that it would have needed.
  probe: sh`
(
since=$(stat -c %Y ${source}) && compgen -G ${placeOf(permissiveModule)} >/dev/null || exit 0
if [ -e /var/log/audit/audit.log ]; then
  ausearch --input-logs --raw -m AVC -ts "$(date -d "@$since" +%x)" "$(date -d "@$since" +%X)"
else
  journalctl -q -o cat --since "@$since" _TRANSPORT=audit + _TRANSPORT=kernel
fi | grep -E 'avc: .* scontext=[^ ]*:keepalived_t:.* permissive=1' | audit2allow
) 2>/dev/null
echo ${endOfRules}
${fileResource(source).probe}`,
  plan: ({ text, code }, planned) => {
    const [rules, found] = text.split(`${endOfRules}\n`) as [string, string]
    const there = found !== ''
    if (!there && !learns) return unchanged()
    const content = (current = head) => (learns ? current : withRules(current, rules))
    return file(source, content, { mode: '600' }).plan({ text: found, code }, planned)
  },
})

const endOfRules = '; end of rules'

/** @param said what audit2allow printed @returns the file with what is not in it yet */
function withRules(current: string, said: string): string {
  const rules = [...said.matchAll(/^allow ([\w.-]+) ([\w.-]+):(\w+) (?:\{ ([\w ]+) \}|(\w+));$/gm)].map(
    ([, from, to, kind, many, one]) => `(allow ${from} ${to} (${kind} (${many ?? one})))`,
  )
  const there = current.split('\n')
  return current + rules.flatMap((rule) => (there.includes(rule) ? [] : [`${rule}\n`])).join('')
}

const allowsLearned = (learns: boolean): Task => ({
  name: 'SELinux allows keepalived what it has learned',
  key: `SELinux module ${module}`,
  probe: sh`
grep -qs '^(allow ' ${source} && echo rules
compgen -G ${placeOf(module)} >/dev/null && echo loaded
true`,
  plan: ({ text }, planned) => {
    const [rules, loaded] = ['rules\n', 'loaded\n'].map((word) => text.includes(word))
    const more = !learns && planned.changes(source)
    if (!more && (!rules || loaded)) return unchanged()
    return {
      before: loaded ? `${module}, as it was` : '',
      after: module,
      apply: sh`! grep -q '^(allow ' ${source} || semodule -X 400 -i ${source}`,
      undo: sh`! compgen -G ${placeOf(module)} >/dev/null || semodule -X 400 -r ${module}`,
    }
  },
})

/** Restored, and so enforced again, by the first run that does not list it. */
const permissive: Task = {
  name: 'SELinux learns what keepalived does, and forbids it nothing',
  key: 'SELinux permissive keepalived_t',
  probe: sh`
getsebool keepalived_connect_any 2>/dev/null
compgen -G ${placeOf(permissiveModule)}
true`,
  plan: ({ text }) => {
    if (!text.includes('keepalived_connect_any')) return unchanged('the policy does not confine keepalived')
    if (text.includes(permissiveModule)) return unchanged()
    return {
      before: 'keepalived_t enforcing',
      after: 'keepalived_t permissive',
      apply: sh`semanage permissive -a keepalived_t`,
      undo: sh`semodule -X 400 -r ${permissiveModule}`,
    }
  },
}
