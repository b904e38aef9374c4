import { sh } from '../../base/sh.ts'
import { type Drill, holderOf } from './drill.ts'

/** Every process of keepalived is killed on the holder: nothing takes the VIP away, and another node takes it. */
export const kill: Drill = {
  name: 'kill',
  option: 'also kill every keepalived process on the holder',
  limit: 6,
  target: holderOf,
  title: (node) => `kill every keepalived process on ${node}`,
  inject: (site) => site.run(sh`pkill -KILL -x keepalived`),
}
