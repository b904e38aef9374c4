import { sh } from '../../base/sh.ts'
import { type Drill, holderOf } from './drill.ts'

/** keepalived starts again on the holder, which lets the VIP go first. */
export const restart = {
  name: 'restart',
  limit: () => 4,
  target: holderOf,
  title: (node) => `restart keepalived on ${node}`,
  inject: (site) => site.run(sh`systemctl restart keepalived`),
} as const satisfies Drill
