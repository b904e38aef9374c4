import { type Script, sh } from '../../../engine/base/sh.ts'
import type { Task } from '../../../engine/runner/task.ts'
import { render } from '../../template.ts'
import { atBoot } from './boot-unit.ts'
import { type Accept, type Firewall, type Rule, untrackingName } from './firewall.ts'
import { acceptedInChain, defined, functions, toTop, toTopAtBoot } from './nft-chains.ts'
import { liveTable, mainTable, untrackedTable } from './nft-table.ts'
import { replacing, tableOf } from './nft-words.ts'
import { packetsPass } from './trial.ts'

const script = '/etc/keepalived/nftables.sh'

/**
 * nftables: tables of our own for what happens to packets, and rules at the top of chains of others for those that may pass,
 * since a packet that one chain accepts is still for the next one to judge (nft(8), VERDICT STATEMENTS).
 */
export const nftables: Firewall = {
  packages: ['nftables'],
  tasks: (rules, wires) => [
    packetsPass(wires, onTrial(rules)),
    ...accepts(rules).map(acceptedInChain),
    ...hold(rules, ['nftables']),
  ],
  untracking: (rules) => liveTable(untrackedTable, rules, untrackingName(rules)),
}

const accepts = (rules: readonly Rule[]): Accept[] => rules.filter((rule) => 'accept' in rule)
const translated = (rules: readonly Rule[]) => rules.filter((rule) => 'source' in rule)
const untracked = (rules: readonly Rule[]) => rules.filter((rule) => 'untracked' in rule)

/**
 * @param loaders as for `atBoot`
 * @returns tasks by which our tables hold, now and at boot, and at boot also the rules in chains of others
 */
export const hold = (rules: readonly Rule[], loaders: readonly string[]): Task[] => [
  // Without it, a table of another level is taken back once that level is no longer at work.
  ...(translated(rules).length > 0 ? [liveTable(mainTable, translated(rules), `nftables table ${mainTable}`)] : []),
  ...atBoot('keepalived-nftables', script, scriptText(rules), loaders),
]

/** @returns what sets rules where packets are tried */
export const onTrial = (rules: readonly Rule[]): Script => sh`
if command -v nft >/dev/null; then
  ${defined}
  # Translation of addresses stops no packet.
  { cat <<<${tableOf(untrackedTable, untracked(rules))}; ${toTop(accepts(rules))}; } >ours
  nft -f ours 2>said || { echo "refused=nft $(grep -m 1 Error said)"; exit; }
fi`

const scriptText = (rules: readonly Rule[]) =>
  render('nftables.sh', {
    functions,
    tables: [
      {
        when: translated(rules).length > 0 ? 'true' : 'false',
        text: tableOf(mainTable, translated(rules)),
        none: replacing(mainTable),
      },
      {
        when: untracked(rules)[0]?.when.text ?? 'false',
        text: tableOf(untrackedTable, untracked(rules)),
        none: replacing(untrackedTable),
      },
    ],
    toTop: toTopAtBoot(accepts(rules)).text,
  })
