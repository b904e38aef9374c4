import { type Script, sh } from '../../engine/base/sh.ts'

/**
 * Sets `$connected` to the address of this host that our own SSH connection came in by; to nothing without one. sudo takes
 * SSH_CONNECTION out of the environment, but not out of its own, nor of the processes above it.
 */
export const findConnection: Script = sh`
process=$$ connected=
while [ -z "$connected" ] && [ "$process" -gt 1 ]; do
  while IFS= read -rd '' setting; do
    case $setting in SSH_CONNECTION=*) read -r _ _ connected _ <<<"$setting" ;; esac
  done </proc/$process/environ
  while read -r key value; do
    if [ "$key" = PPid: ]; then process=$value; fi
  done </proc/$process/status
done`
