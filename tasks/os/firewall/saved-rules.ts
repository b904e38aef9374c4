import { sh } from '../../../engine/base/sh.ts'
import type { Reading } from '../../../engine/runner/shared-read.ts'

/** The rules of iptables as `$saved`, as iptables-save prints them; empty where there is no iptables. */
export const savedRules: Reading = () => sh`saved=$(iptables-save 2>/dev/null)`
