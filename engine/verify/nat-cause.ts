import type { Inventory } from '../../inventory/types.ts'
import type { Level } from '../../inventory/levels.ts'
import { kindOf } from '../../tasks/cluster/adoption/nat-rule.ts'
import { sh } from '../base/sh.ts'
import type { Finding } from '../cluster/finding.ts'
import type { NodeHandle } from '../cluster/node-state.ts'
import type { CheckResult } from './check.ts'

/** Prints the rules of nat POSTROUTING; read-only. */
const natRules = sh`PATH=/usr/sbin:/usr/bin:/sbin:/bin iptables-save -t nat 2>/dev/null | grep -e '^-A POSTROUTING ' || true`

/**
 * Rules that change the source of packets hide clients, and take the checks of peers: where there is such a finding, the
 * director is asked for its rules.
 * @param timeout seconds for one execution
 * @returns the findings, with the rule in the text of those that it explains
 */
export async function withNatRules(
  inventory: Inventory,
  nodes: readonly NodeHandle[],
  { findings, holder, level }: Pick<CheckResult, 'findings' | 'holder' | 'level'>,
  timeout: number,
): Promise<Finding[]> {
  const directorOf = ({ code, node }: Finding) =>
    code === 'client-hidden' ? holder : code === 'pool-incomplete' ? node : undefined
  const directors = nodes.filter(({ host }) => findings.some((finding) => directorOf(finding) === host.name))
  const rules = new Map(
    await Promise.all(
      directors.map(async ({ host, transport }) => {
        const { stdout } = await transport.run(natRules.text, { timeout })
        const rows = stdout.toString('utf8').split('\n')
        return [host.name, rows.find((row) => kindOf(row, level as Level, { ...inventory, host }))] as const
      }),
    ),
  )
  return findings.map((finding) => {
    const director = directorOf(finding)
    const rule = director && rules.get(director)
    if (!rule) return finding
    return {
      ...finding,
      text: `${finding.text}; ${director} has the rule "${rule.trim()}" in nat, which changes sources`,
    }
  })
}
