import { posix } from 'node:path'
import { lines, type Script, sh } from '../engine/base/sh.ts'
import { type Resource, type Task, unchanged } from '../engine/runner/task.ts'
import { newFile, unfinished, unfinishedEnd } from './file.ts'

export interface LineOptions {
  /** One command that looks at the file with the line in it; where it fails, the line is taken out again. */
  validate?: Script
}

// A substitution loses NUL bytes, which may be the last of a file.
const lineProbe = (path: string, text: string): Script => sh`
grep -aqxF -- ${text} ${path} 2>/dev/null && exit 0
if [ ! -e ${path} ]; then echo absent; elif [ -n "$(tail -c1 ${path} | tr '\0' x)" ]; then echo unended; fi
exit 1`

/** A line in a file that playbooks do not own; added at the end where it is missing. */
export const line = (path: string, text: string, { validate }: LineOptions = {}): Task => ({
  name: `line in ${path}: ${text}`,
  key: `line in ${path}: ${text}`,
  resources: [path],
  probe: lineProbe(path, text),
  plan: ({ text: found, code }) => {
    if (code === 0) return unchanged()
    const undo = takeOut(path, text, found)
    return {
      before: '',
      after: text,
      apply: lines(add(path, text), validate ? orTakeOut(validate, undo) : sh`true`),
      undo,
      quiet: true,
    }
  },
})

/** A line that is in a file or not. */
export const lineResource = (path: string, text: string): Resource => ({
  probe: lineProbe(path, text),
  read: ({ text: found, code }) =>
    code === 0 ? { text, restore: add(path, text) } : { text: '', restore: takeOut(path, text, found) },
})

// The package may have brought the file, with or without a last newline, since it was probed.
const add = (path: string, text: string): Script => sh`
if ! grep -aqxF -- ${text} ${path} 2>/dev/null; then
  ${beginCopy(path)}
  [ ! -e ${path} ] || cat -- ${path} >"$file"
  [ ! -s "$file" ] || [ -z "$(tail -c1 "$file" | tr '\0' x)" ] || echo >>"$file"
  printf '%s\n' ${text} >>"$file"
  ${endCopy}
fi`

/** @param found what the probe has printed of the file without the line */
const takeOut = (path: string, text: string, found: string): Script => sh`
if [ -e ${path} ]; then
  ${beginCopy(path)}
  grep -avxF -- ${text} ${path} >"$file" || [ "$?" -eq 1 ]
  ${found.includes('unended') ? sh`[ ! -s "$file" ] || truncate -s -1 "$file"` : sh`true`}
  ${found.includes('absent') ? sh`if [ -s "$file" ]; then ${endCopy}; else rm -f -- ${path} "$file"; fi` : endCopy}
else
  rm -f -- ${unfinished(path)}
fi`

/** Begins a copy `"$file"`, which takes the place of the file in one step, with the same owner, mode and attributes; a link stays a link. */
export const beginCopy = (path: string): Script => sh`
  mkdir -p -- ${posix.dirname(path)}
  real=$(readlink -f -- ${path})
  file="\${real%/*}/.\${real##*/}"${unfinishedEnd}
  ${newFile}
  if [ -e "$real" ]; then cp -a --attributes-only -- "$real" "$file"; else chmod 644 "$file"; fi`

/** Puts the copy in the place of the file, whole also after a power failure. */
export const endCopy: Script = sh`sync -- "$file" && mv -f -- "$file" "$real"`

const orTakeOut = (validate: Script, undo: Script): Script => sh`
said=$(${validate} 2>&1) || {
  (${undo})
  echo "refused, and taken out again; if it belongs elsewhere in the file, put it there: $said"
  exit 1
}`
