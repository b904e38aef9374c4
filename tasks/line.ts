import { type Script, sh } from '../engine/base/sh.ts'
import { type Task, unchanged } from '../engine/runner/task.ts'

export interface LineOptions {
  /** One command that looks at the file with the line in it; where it fails, the line is taken out again. */
  validate?: Script
}

/** A line in a file that playbooks do not own; added at the end where it is missing. */
export const line = (path: string, text: string, { validate }: LineOptions = {}): Task => ({
  name: `line in ${path}: ${text}`,
  key: `line in ${path}: ${text}`,
  resources: [path],
  probe: sh`
grep -qxF -- ${text} ${path} 2>/dev/null && exit 0
if [ ! -e ${path} ]; then echo absent; elif [ -n "$(tail -c1 ${path})" ]; then echo unended; fi
exit 1`,
  plan: ({ text: found, code }) => {
    if (code === 0) return unchanged()
    // The dot saves empty lines at the end from the shell.
    const undo = sh`
[ -e ${path} ] || exit 0
rest=$(grep -vxF -- ${text} ${path} || true; echo .)
printf %s "$rest" >${path}
truncate -s ${found.includes('unended') ? -2 : -1} ${path}
${found.includes('absent') ? sh`[ -s ${path} ] || rm -f -- ${path}` : sh`true`}`
    return {
      before: '',
      after: text,
      // The package may have brought the file, with or without a last newline, since it was probed.
      apply: sh`
grep -qxF -- ${text} ${path} 2>/dev/null && exit 0
[ ! -s ${path} ] || [ -z "$(tail -c1 ${path})" ] || echo >>${path}
printf '%s\n' ${text} >>${path}
${validate ? orTakeOut(validate, undo) : sh`true`}`,
      undo,
    }
  },
})

const orTakeOut = (validate: Script, undo: Script): Script => sh`
said=$(${validate} 2>&1) || {
  (${undo})
  echo "refused, and taken out again; if it belongs elsewhere in the file, put it there: $said"
  exit 1
}`
