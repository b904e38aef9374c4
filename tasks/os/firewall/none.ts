import { UserError } from '../../../engine/base/errors.ts'
import { sh } from '../../../engine/base/sh.ts'
import { type Task, unchanged } from '../../../engine/runner/task.ts'
import type { Firewall, SourceNat } from './firewall.ts'
import { packetsPass } from './trial.ts'

/** Nobody but the administrator sets rules: packets are tried, and what is missing is told. */
export const none: Firewall = {
  packages: [],
  tasks: (rules, wires) => [
    packetsPass(wires, sh`true`),
    ...rules.flatMap((rule) => ('source' in rule ? [isTranslated(rule)] : [])),
  ],
  untracking: (rules) => ({
    name: 'connection tracking is left to the administrator',
    probe: sh`true`,
    plan: () =>
      unchanged(
        rules.length > 0
          ? 'where it knows what the cluster balances, a move of the virtual IP may break open connections'
          : undefined,
      ),
  }),
}

const isTranslated = ({ virtualServer, source }: SourceNat): Task => ({
  name: `balanced connections of port ${virtualServer.port} come from ${source}`,
  probe: sh`{ iptables-save; nft list ruleset; } 2>/dev/null | grep -Ei 'snat|masquerade'`,
  plan: ({ text }) => {
    if (text !== '') return unchanged()
    throw new UserError(
      `no rule gives connections that IPVS sends on the source ${source}, and cluster.firewall is none: add one, such as ` +
        `iptables -t nat -A POSTROUTING -m ipvs --vaddr ${virtualServer.address} --vport ${virtualServer.port} -j SNAT --to-source ${source}`,
      1,
    )
  },
})
