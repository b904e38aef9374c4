import { UserError } from '../../../engine/base/errors.ts'
import { lines, type Script, sh } from '../../../engine/base/sh.ts'
import { SharedRead } from '../../../engine/runner/shared-read.ts'
import { barrier, tagged, type Task, type TaskTree, unchanged } from '../../../engine/runner/task.ts'
import type { Level } from '../../../inventory/levels.ts'
import { directs } from '../../../inventory/roles.ts'
import { commentOut, type Place } from '../../commented-out.ts'
import type { Target } from '../../target.ts'
import { kindOf } from './nat-rule.ts'
import { parseSaved, savedRules } from '../../os/firewall/saved-rules.ts'

/** Where rules are kept for the next boot: by netfilter-persistent, by iptables-services, and by ufw. */
const savedFiles = [
  '/etc/iptables/rules.v4',
  '/etc/sysconfig/iptables',
  '/etc/ufw/before.rules',
  '/etc/ufw/after.rules',
]

/**
 * Rules made by hand that give balanced connections another source (article, level 2) are gone, live and at boot: the
 * cluster has its own, or needs none. Others' rules that would do so are refused.
 */
export const natByHand = (target: Target, level: Level): TaskTree => [
  // Directors need them until they work by the new configuration.
  barrier,
  ...(directs(target.host)
    ? [live(target, level), ...savedFiles.map((path) => saved(path, target, level))].map(tagged('firewall'))
    : []),
]

/** A rule, and where it stands: in the kernel its place among those that are not ours, in a file its line. */
interface Found {
  text: string
  place: number
}

function pick(found: readonly Found[], where: (one: Found) => string, level: Level, target: Target): Found[] {
  const inTheWay = found.find(({ text }) => kindOf(text, level, target) === 'in the way')
  if (inTheWay)
    throw new UserError(
      `${where(inTheWay)} has the rule "${inTheWay.text}", which would change the source of the cluster's packets: ` +
        `take it out, or narrow it so that it leaves ${target.cluster.network} alone`,
      1,
    )
  return found.filter(({ text }) => kindOf(text, level, target) === 'of the article')
}

const live = (target: Target, level: Level): Task => ({
  name: 'no rule made by hand changes the source of balanced connections',
  key: 'rules by hand in nat POSTROUTING',
  probe: new SharedRead(savedRules, [], sh`printf '%s\n' "$saved"`),
  plan: ({ text }) => {
    const all = parseSaved(text)
      .filter(({ table, text: rule }) => table === 'nat' && rule.startsWith('-A POSTROUTING '))
      .filter(({ text: rule }) => !rule.includes(' keepalived-playbooks-'))
      .map(({ text: rule }, index) => ({ text: rule.trim(), place: index + 1 }))
    const found = pick(all, () => 'iptables -t nat', level, target)
    if (found.length === 0) return unchanged()
    return {
      before: found.map((one) => one.text).join('\n'),
      after: '',
      apply: lines(...found.map(removeRule)),
      undo: lines(...found.map(insertRule)),
    }
  },
})

const isThere = (text: string): Script => sh`iptables-save 2>/dev/null | grep -qxF -e ${text}`
const restore = (command: Script): Script => sh`printf '%s\n' '*nat' ${command} COMMIT | iptables-restore -w --noflush`
const after = (text: string) => text.replace('-A POSTROUTING ', '')

const removeRule = ({ text }: Found): Script => sh`
if ${isThere(text)}; then
  ${restore(sh`${`-D POSTROUTING ${after(text)}`}`)}
fi`

// Ours may stand before it, and others may have gone since.
const insertRule = ({ text, place }: Found): Script => sh`
if ! ${isThere(text)}; then
  ours=$(iptables-save 2>/dev/null | grep -ce '^-A POSTROUTING .* keepalived-playbooks-') || true
  ${restore(sh`"-I POSTROUTING $((${place} + ours)) "${after(text)}`)} 2>/dev/null ||
    ${restore(sh`${text}`)}
fi`

const saved = (path: string, target: Target, level: Level): Task => ({
  name: `no rule made by hand in ${path} changes the source of balanced connections`,
  key: `rules by hand in ${path}`,
  probe: sh`grep -Hns '' ${savedFiles} || true`,
  plan: ({ text }) => {
    let table = ''
    const rules = text.split('\n').flatMap((row): Found[] => {
      const [, file, number, rule = ''] = row.match(/^(.*?):(\d+):(.*)$/) ?? []
      if (file !== path) return []
      if (rule.startsWith('*')) table = rule.slice(1).trim()
      return table === 'nat' && !rule.startsWith('#') ? [{ place: Number(number), text: rule }] : []
    })
    // A counter may stand before a rule.
    const plain = rules.map(({ place, text }) => ({ place, text: text.replace(/^\[\d+:\d+\] /, '').trim() }))
    const lines = pick(plain, ({ place }) => `${path}:${place}`, level, target).map(({ place }) => place)
    const places = rules
      .filter(({ place }) => lines.includes(place))
      .map(({ place, text }): Place => ({ path, line: place, text }))
    return places.length === 0 ? unchanged() : commentOut(places, '#')
  },
})
