import { sh } from '../../base/sh.ts'
import { type Drill, holderOf } from './drill.ts'

/** All keepalived processes on the holder are killed: nothing removes its VIP, while another node takes the VIP too. */
export const kill = {
  name: 'kill',
  option: 'also kill every keepalived process on the holder',
  limit: () => 6,
  target: holderOf,
  title: (node) => `kill every keepalived process on ${node}`,
  inject: (site) => site.run(sh`pkill -KILL -x keepalived`),
} as const satisfies Drill
