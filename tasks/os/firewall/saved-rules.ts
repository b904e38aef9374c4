import { sh } from '../../../engine/base/sh.ts'
import type { Reading } from '../../../engine/runner/shared-read.ts'

/** The rules of iptables as `$saved`, as iptables-save prints them; empty where there is no iptables. */
export const savedRules: Reading = () => sh`saved=$(iptables-save 2>/dev/null)`

/** Those of IPv6 likewise, as `$saved6`. */
export const savedRules6: Reading = () => sh`saved6=$(ip6tables-save 2>/dev/null)`

/** A rule of a table. */
export interface SavedRule {
  table: string
  /** As iptables-save prints it: `-A INPUT …`. */
  text: string
}

/** @returns the rules that iptables-save has printed, in order */
export function parseSaved(text: string): SavedRule[] {
  let table = ''
  return text.split('\n').flatMap((line) => {
    if (line.startsWith('*')) table = line.slice(1)
    return line.startsWith('-A') ? [{ table, text: line }] : []
  })
}
