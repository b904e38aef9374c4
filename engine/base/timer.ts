import { type Script, sh } from './sh.ts'

/**
 * Runs a command on the host once after some seconds, by a timer of systemd: it needs no connection. A unit of that name that
 * has failed before is no obstacle.
 * @param unit the name of the timer and its service, without their suffixes
 * @param command a program with its arguments, of plain words: systemd 252 changes signs as `;` at its next daemon-reload
 */
export const runLater = (unit: string | Script, seconds: number, command: Script): Script =>
  sh`systemd-run --quiet --collect --unit ${unit} --timer-property=AccuracySec=1s --on-active=${seconds} ${command}`

/** `runLater` of a script, which the host keeps in a file until its next boot. */
export function scriptLater(unit: string, seconds: number, script: Script): Script {
  const file = `/run/${unit}.sh`
  return sh`(umask 077; printf '%s\n' ${script.text} >${file}) && ${runLater(unit, seconds, sh`bash ${file}`)}`
}
