import { type Script, sh } from '../base/sh.ts'

/** The exit code of a script when another run holds the host lock. */
export const busyCode = 75

/**
 * Takes the host lock, or exits with `busyCode` and names its holder on stderr. The lock is held until the script
 * ends: programs that may outlive the script must close file descriptor 9.
 * @param folder see `RunNote.folder`
 * @param by one line: who, from where, with which playbook
 */
export const takeLock = (folder: string, by: string): Script => sh`
mkdir -p -m 700 ${folder} || exit 1
exec 9>>${`${folder}/lock`}
if ! flock -n 9; then
  cat ${`${folder}/lock`} >&2
  exit ${busyCode}
fi
printf '%s\n' ${by} >${`${folder}/lock`}`
