import { lines, type Script, sh } from '../engine/base/sh.ts'
import type { Change } from '../engine/runner/task.ts'
import { beginCopy, endCopy } from './line.ts'

/** Lines of a file of others, one after the other. */
export interface Place {
  path: string
  /** The number of the first line, from 1. */
  line: number
  /** Without the last newline. */
  text: string
}

/** Stands after the sign of a comment, before each line that is out of force. */
const mark = ' taken over by keepalived-playbooks: '

/**
 * Makes comments of lines in files of others. They stay where they are, so that undoing it keeps what others have changed
 * in these files since.
 * @param sign begins a comment there
 * @param validate one command that looks at the files; where it fails, the lines come back
 */
export function commentOut(
  places: readonly Place[],
  sign: string,
  validate?: Script,
): Pick<Change, 'before' | 'after' | 'apply' | 'undo'> {
  const start = sign + mark
  const paths = [...new Set(places.map(({ path }) => path))]
  const shown = (show: (text: string) => string) =>
    places.map(({ path, line, text }) => `${path}:${line}\n${show(text)}`).join('\n')
  const undo = lines(...paths.map((path) => bringBack(path, start)))
  return {
    before: shown((text) => text),
    after: shown((text) => text.replaceAll(/^/gm, start)),
    apply: lines(
      ...places.map((place) => takeOut(place, start)),
      validate
        ? sh`said=$(${validate} 2>&1) || { (${undo}); echo "refused, and brought back: $said"; exit 1; }`
        : sh`true`,
    ),
    undo,
  }
}

const takeOut = ({ path, line, text }: Place, start: string): Script => {
  const range = `${line},${line + text.split('\n').length - 1}`
  return sh`
if [ "$(sed -n ${`${range}p`} ${path})" != ${text} ]; then
  echo ${`${path} has changed meanwhile: run again`}
  exit 1
fi
${beginCopy(path)}
sed ${`${range}s|^|${start}|`} ${path} >"$file"
${endCopy}`
}

const bringBack = (path: string, start: string): Script => sh`
if [ -e ${path} ]; then
  ${beginCopy(path)}
  sed ${`s|^${start}||`} ${path} >"$file"
  ${endCopy}
fi`
