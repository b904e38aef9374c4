import { sh } from '../runner/sh.ts'
import { type Task, unchanged } from '../runner/task.ts'

/** A file of somebody else's that has this line among its own; added at the end where it is missing. */
export const line = (path: string, text: string): Task => ({
  name: `line in ${path}: ${text}`,
  resources: [path],
  probe: sh`grep -nxF -- ${text} ${path} 2>/dev/null`,
  plan: ({ code }) => {
    if (code === 0) return unchanged()
    return {
      before: '',
      after: text,
      // The package may have brought the file, with or without a last newline, since it was probed.
      apply: sh`
[ ! -s ${path} ] || [ -z "$(tail -c1 ${path})" ] || echo >>${path}
printf '%s\n' ${text} >>${path}`,
      undo: sh`
rest=$(grep -vxF -- ${text} ${path} || true)
printf '%s\n' "$rest" >${path}`,
    }
  },
})
