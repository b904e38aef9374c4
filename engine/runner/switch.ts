import { type Script, sh } from '../base/sh.ts'

/** The name of the timers of the dead man's switch (see dead-man.ts). */
export const switchUnit = 'keepalived-playbooks-confirm'

/**
 * Bash functions for the dead man's switch, to be defined in the state folder. `alone COMMAND …` keeps others off the switch
 * meanwhile; the host lock would not do, since a run is confirmed after Ctrl-C while its last change still holds that.
 * `disarm RUN` ends the wait of a run (a pattern), and fails where that run does not wait.
 */
export const switchFunctions: Script = sh`
state=$PWD
alone() { (flock 8 && "$@") 8>>"$state/confirm.lock"; }
disarm() { alone disarm_now "$1"; }
disarm_now() {
  local run _
  { read -r run _ <"$state/confirm"; } 2>/dev/null && [[ $run == $1 ]] || return 1
  rm -f -- "$state/confirm"
  systemctl stop ${`${switchUnit}-*.timer`} 2>/dev/null || true
}`

/**
 * Prints `unconfirmed=RUN BY` for a run that waits to be confirmed, and `abandoned=RUN BY` where it waits for nothing: a
 * reboot ends timers. To be run in the state folder.
 */
export const switchProbe: Script = sh`
{ read -r run _ <confirm && read -r by <"journal/$run/by"; } 2>/dev/null && {
  word=abandoned
  systemctl list-units --all --plain --no-legend ${`${switchUnit}-*`} 2>/dev/null | grep -q . && word=unconfirmed
  echo "$word=$run $by"
}`
