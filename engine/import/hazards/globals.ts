import { find } from '../facts.ts'
import { obsolete, unknownWords } from '../keywords.ts'
import { blocks, globals, hazard, type Hazard, type NodeFiles } from './hazard.ts'

const sampleId = hazard('sample-router-id', 'say the name of the host, or leave it out')
const unheard = hazard('mail-without-alert', 'say smtp_alert in global_defs, or take the addresses out')
const unsent = hazard('mail-without-server', 'say smtp_server 127.0.0.1, or take the addresses out')
const sampleMail = hazard('sample-mail', 'say addresses of yours, or take them out')
const brace = hazard('unmatched-brace', 'mend it: the next line that is added may be read otherwise')
const nothing = hazard('include-of-nothing', 'where the node has such files, put them there')
const unknown = hazard('unknown-keyword', 'take it out')
const former = hazard('obsolete-keyword', '')

/** `global_defs`, and words that keepalived does not know. */
export function globalHazards(node: NodeFiles): Hazard[] {
  const global = globals(node)
  const id = find(global, 'router_id', 'lvs_id')
  const mail = global.findLast(({ words, block }) => words[0] === 'notification_email' && block.length > 0)
  const addresses = [
    ...(mail?.block.flatMap(({ words }) => words) ?? []),
    find(global, 'notification_email_from')?.words[1] ?? '',
  ]
  const isTold =
    blocks(node, 'virtual_server').length > 0 ||
    [
      ...global,
      ...['vrrp_instance', 'vrrp_sync_group'].flatMap((keyword) => blocks(node, keyword).flatMap(({ block }) => block)),
    ].some(({ words }) => words[0]!.startsWith('smtp_alert'))
  return [
    ...(id?.words[1] === 'LVS_DEVEL'
      ? [sampleId(id, 'router_id LVS_DEVEL is that of the sample: mails and SNMP do not tell nodes apart')]
      : []),
    ...(mail && !isTold ? [unheard(mail, 'notification_email without smtp_alert: no mail is ever sent')] : []),
    ...(mail && !find(global, 'smtp_server')
      ? [unsent(mail, 'notification_email without smtp_server: no mail is ever sent')]
      : []),
    ...(mail && addresses.some((address) => /@(firewall\.loc|example\.(com|org)|domain\.(com|tld))$/i.test(address))
      ? [sampleMail(mail, 'mail addresses are those of the sample')]
      : []),
    ...words(node),
    ...node.problems.map((one) => {
      const mistake = one.text.startsWith('include ') ? nothing : brace
      return mistake(one, `${one.text.split(':')[0]}, and keepalived reads on`)
    }),
  ]
}

const words = ({ statements }: NodeFiles): Hazard[] => [
  ...statements.flatMap(({ block }) => block).flatMap((line) => oldWord(line.words[0]!, line)),
  ...unknownWords(statements)
    .filter(({ word }) => !(word in obsolete))
    .map(({ statement, word, meant }) =>
      unknown(
        statement,
        `${word} is unknown${meant}, and keepalived leaves it out`,
        meant === '' ? undefined : 'mend the word',
      ),
    ),
]

const oldWord = (word: string, place: Parameters<typeof former>[0]): Hazard[] =>
  word in obsolete && word !== 'lvs_sync_daemon_interface'
    ? [former(place, `${word} is a keyword no longer, and keepalived leaves it out`, `say ${obsolete[word]}`)]
    : []
