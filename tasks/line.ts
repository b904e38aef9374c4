import { sh } from '../runner/sh.ts'
import { type Task, unchanged } from '../runner/task.ts'

/** A file of somebody else's that has this line among its own; added at the end where it is missing. */
export const line = (path: string, text: string): Task => ({
  name: `line in ${path}: ${text}`,
  key: `line in ${path}: ${text}`,
  resources: [path],
  probe: sh`
grep -qxF -- ${text} ${path} 2>/dev/null && exit 0
if [ ! -e ${path} ]; then echo absent; elif [ -n "$(tail -c1 ${path})" ]; then echo unended; fi
exit 1`,
  plan: ({ text: found, code }) => {
    if (code === 0) return unchanged()
    return {
      before: '',
      after: text,
      // The package may have brought the file, with or without a last newline, since it was probed.
      apply: sh`
grep -qxF -- ${text} ${path} 2>/dev/null && exit 0
[ ! -s ${path} ] || [ -z "$(tail -c1 ${path})" ] || echo >>${path}
printf '%s\n' ${text} >>${path}`,
      // The dot saves empty lines at the end from the shell.
      undo: sh`
[ -e ${path} ] || exit 0
rest=$(grep -vxF -- ${text} ${path} || true; echo .)
printf %s "$rest" >${path}
truncate -s ${found.includes('unended') ? -2 : -1} ${path}
${found.includes('absent') ? sh`[ -s ${path} ] || rm -f -- ${path}` : sh`true`}`,
    }
  },
})
