import type { Draft } from './defaults.ts'
import type { Problem } from './source.ts'
import type { Content } from './types.ts'
import { shown } from './wording.ts'

type ServiceContent<Type> = Extract<Content['cluster']['service'], { type: Type }>

/** The rules about what a cluster serves. */
export function service({ cluster }: Draft): Problem[] {
  const content = cluster?.service ?? {}
  if (content.type === 'dns') return dns(content)
  if (content.type === 'http' || content.type === 'https') return web(content)
  return []
}

/** A DNS name has at most 253 characters, and questions put a label of up to 63 and a dot before the health name. */
const longestHealthName = 189

function dns({ health_zone: zone, health_name: name }: Draft<ServiceContent<'dns'>>): Problem[] {
  const problems: Problem[] = []
  const report = (key: string, text: string) => problems.push({ path: ['cluster', 'service', key], text })
  if (zone && !zone.includes('.'))
    report('health_zone', `must have two labels or more: each node would answer for all names in ${shown(zone)}`)
  if (name && name.split('.')[0]!.length < 2)
    report(
      'health_name',
      `must begin with a label of two characters or more, as keepalived wants it, got ${shown(name)}`,
    )
  if (name && zone && name.length + 1 + zone.length > longestHealthName) {
    const [longer, other] = name.length > zone.length ? ['health_name', 'health_zone'] : ['health_zone', 'health_name']
    report(longer, `must be shorter: with cluster.service.${other} it has more than ${longestHealthName} characters`)
  }
  return problems
}

/** nginx is what the playbooks set up. */
function web({ managed, unit }: Draft<ServiceContent<'http' | 'https'>>): Problem[] {
  if (!managed || unit === undefined || unit === 'nginx') return []
  return [{ path: ['cluster', 'service', 'unit'], text: `must be nginx, unless managed is false, got ${shown(unit)}` }]
}
