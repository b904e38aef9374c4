import { posix } from 'node:path'
import { exitCode, UserError } from '../engine/base/errors.ts'
import { type Script, sh } from '../engine/base/sh.ts'
import { type Planned, type Task, unchanged } from '../engine/runner/task.ts'

export interface Judge {
  /** What judges. Where it is not there yet, as before its package is installed, nothing is judged. */
  program: string
  /** Judges `"$file"`: exit code 0 and not a word where it is right. */
  validate: Script
  /** @returns why the run is refused; undefined where what earlier tasks change may mend it */
  refusal: (said: string, code: number, planned: Planned) => string | undefined
}

/**
 * A check that a program takes the file that the run is going to write, before anything is changed. It is tried in a mount
 * namespace, in which the file is in its place already, since it may name others beside it.
 */
export const accepted = (path: string, content: string, { program, validate, refusal }: Judge): Task => ({
  name: `${program} accepts ${path}`,
  // The content may have a password in it, which arguments of a process would show. Nothing is tried where the file is right.
  probe: sh`
command -v ${program} >/dev/null && [ -d ${posix.dirname(path)} ] || exit 0
wanted=${content}
{ IFS= read -rd '' now <${path}; } 2>/dev/null
[ "$now" != "$wanted" ] || exit 0
printf %s "$wanted" | unshare --mount bash -c ${inside(path, validate).text} 2>/dev/null`,
  plan: ({ text }, planned) => {
    const [, code, said = ''] = text.match(/^judged=(\d+)\n([^]*)$/) ?? []
    if (code === undefined || (code === '0' && said.trim() === '')) return unchanged()
    const why = refusal(said.trim(), Number(code), planned)
    if (why !== undefined) throw new UserError(why, exitCode.failed)
    return unchanged(`${program} can judge it only after earlier changes`)
  },
})

const inside = (path: string, validate: Script): Script => sh`
file=${path}
mount -t tmpfs none /mnt && cp -a -- ${posix.dirname(path)}/. /mnt && rm -f -- /mnt/${posix.basename(path)} || exit
cat >/mnt/${posix.basename(path)} && mount --bind /mnt ${posix.dirname(path)} || exit
said=$( (
${validate}
) 2>&1) && code=0 || code=$?
printf 'judged=%d\n%s\n' "$code" "$said"`
