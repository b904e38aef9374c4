import { advertHazards } from './hazards/adverts.ts'
import { betweenNodes } from './hazards/between-nodes.ts'
import { checkHazards } from './hazards/checks.ts'
import { globalHazards } from './hazards/globals.ts'
import type { Hazard, NodeFiles } from './hazards/hazard.ts'
import { instanceHazards } from './hazards/instances.ts'
import { ipvsHazards } from './hazards/ipvs.ts'
import { lineHazards } from './hazards/lines.ts'

export type { Hazard }

const ofNode = [globalHazards, instanceHazards, advertHazards, checkHazards, lineHazards, ipvsHazards]

/** @returns mistakes in the files of a cluster's nodes, in the order of files and lines, each place of a file once */
export function hazardsOf(nodes: readonly NodeFiles[]): Hazard[] {
  const between = betweenNodes(nodes)
  // One without nopreempt takes the virtual IP from those that have it.
  const isTaken = between.some(({ code }) => code === 'nopreempt-on-some-nodes')
  const own = nodes.flatMap((node) => ofNode.flatMap((find) => find(node)))
  const all = [...own.filter(({ code }) => !isTaken || code !== 'nopreempt-with-weight'), ...between]
  const once = new Map(all.map((one) => [`${one.place.file}:${one.place.line}:${one.code}:${one.what}`, one]))
  return [...once.values()].toSorted((a, b) => a.place.file.localeCompare(b.place.file) || a.place.line - b.place.line)
}
