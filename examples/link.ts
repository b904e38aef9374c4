// A task of one's own: docs/writing-tasks.md explains it, nginx-site.mts uses it.
import { exitCode, type Script, sh, type Task, unchanged, UserError } from 'keepalived-playbooks'

/** A symbolic link at `path` leads to `target`. Fails where something else than a link is in its place. */
export const link = (path: string, target: string): Task => ({
  name: `link ${path} to ${target}`,
  key: `link ${path}`,
  resources: [path],
  // Prints where the link leads. Exit code 1: nothing is there, 2: something else is there.
  probe: sh`
if [ -L ${path} ]; then exec readlink -n -- ${path}; fi
[ ! -e ${path} ] || exit 2
exit 1`,
  plan: ({ text, code }) => {
    if (code === 2) throw new UserError(`${path} is there and no link: move it away`, exitCode.failed)
    const found = code === 0 ? text : undefined
    if (found === target) return unchanged()
    return {
      before: found ?? '',
      after: target,
      apply: lead(path, target),
      undo: found === undefined ? sh`[ ! -L ${path} ] || rm -f -- ${path}` : lead(path, found),
    }
  },
})

// Made under another name and moved: whoever reads it meanwhile finds the old link or the new one.
const lead = (path: string, target: string): Script => sh`
mkdir -p -- "$(dirname -- ${path})"
ln -sfn -- ${target} ${`${path}.new`}
mv -fT -- ${`${path}.new`} ${path}`
