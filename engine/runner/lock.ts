import { type Script, sh } from '../base/sh.ts'

/** The exit code of a script when another run holds the host lock. */
export const busyCode = 75

/**
 * Takes the host lock, or exits with `busyCode` and names its holder on stderr; with 1 where it can't be taken at all.
 * The lock is held until the script ends: programs that may outlive the script must close file descriptor 9.
 * @param folder see `RunNote.folder`
 * @param by one line: who, from where, with which playbook
 */
export const takeLock = (folder: string, by: string): Script => sh`
no_lock() { echo ${`the lock in ${folder} can't be taken, so nothing was begun`} >&2; exit 1; }
mkdir -p -m 700 ${folder} && exec 9>>${`${folder}/lock`} || no_lock
flock -n -E ${busyCode} 9 || {
  [ "$?" -eq ${busyCode} ] || no_lock
  cat ${`${folder}/lock`} >&2
  exit ${busyCode}
}
printf '%s\n' ${by} >${`${folder}/lock`} || no_lock`
