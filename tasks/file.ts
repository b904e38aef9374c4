import { posix } from 'node:path'
import { UserError } from '../engine/base/errors.ts'
import { lines, type Script, sh } from '../engine/base/sh.ts'
import { SharedRead } from '../engine/runner/shared-read.ts'
import { type Printed, type Resource, type State, type Task, unchanged } from '../engine/runner/task.ts'

export interface FileOptions {
  /** Octal, as for chmod; default 644. */
  mode?: string
  /** Runs with the new content in `"$file"`, before it replaces the old file; a failure keeps the old one. */
  validate?: Script
  /** What people should know of a change; one line. */
  remark?: string
}

/** The first line of a file that playbooks own. */
export const ownFile = '# Written by keepalived-playbooks; changes by hand are replaced by the next run.\n'

/** The wanted content, or a function from the present content (undefined: no file) to it. */
export type Content = string | ((current: string | undefined) => string)

interface Found {
  content: Buffer
  mode: string
  /** By name, or by number where it has no name. */
  owner: string
  /** By number. */
  ids: string
}

// Where there is no file, the exit code tells how many folders of its path are missing. bash reads plain text by itself: with a process for each file, those would take longer than all else.
const readFiles = (paths: readonly string[]): Script => sh`
declare -A about_file=()
while IFS= read -rd '' about; do
  path=/\${about#*/}
  about_file[$path]=\${about%%/*}
done < <(exec stat --printf '%F|%a|%U:%G|%u:%g%n\0' -- ${paths} 2>/dev/null)
print_file() {
  local path=$1 how=text text= folder=\${1%/*} missing=0
  if [ "\${about_file[$path]}" ]; then
    if [ -f "$path" ] && { IFS= read -rd '' text <"$path" || [[ $text == *[^[:print:][:space:]]* ]]; }; then
      how=base64 text=$(base64 -w0 -- "$path")
    fi
    printf '%s\n%s|%s\n' "$text" "$how" "\${about_file[$path]}"
    return
  fi
  until [ -d "\${folder:-/}" ]; do folder=\${folder%/*} missing=$((missing + 1)); done
  return "$missing"
}`

const fileProbe = (path: string): Script => new SharedRead(readFiles, [path], sh`print_file ${path}`)

/** A regular file, with mode and owner, or none. */
export const fileResource = (path: string): Resource => ({
  probe: fileProbe(path),
  read: ({ text, code }) => stateOf(path, parseFound(path, text), code),
})

/** @returns the text of a file by what its probe printed, or undefined where there is none */
export const contentIn = (path: string, { text }: Printed): string | undefined =>
  parseFound(path, text)?.content.toString('utf8')

/** A file of root with exactly this content, replaced in one step, so that readers see no half file. */
export function file(path: string, content: Content, options: FileOptions = {}): Task {
  const mode = options.mode ?? '644'
  return {
    name: `file ${path}`,
    key: `file ${path}`,
    resources: [path],
    probe: fileProbe(path),
    plan: ({ text, code }) => {
      const found = parseFound(path, text)
      const wanted = typeof content === 'string' ? content : content(found?.content.toString('utf8'))
      if (found?.content.equals(Buffer.from(wanted)) && found.mode === mode && found.owner === 'root:root')
        return unchanged()
      const { text: before, restore: undo } = stateOf(path, found, code)
      return {
        before,
        after: show(wanted, mode, 'root:root'),
        apply: write(path, sh`printf '%s' ${wanted}`, mode, giveToRoot, options.validate),
        undo,
        quiet: true,
        ...(options.remark !== undefined && { remark: options.remark }),
      }
    },
  }
}

/** @param missing how many folders of the path were not there */
function stateOf(path: string, found: Found | undefined, missing: number): State {
  if (!found) return { text: '', restore: remove(path, missing) }
  const { content, mode, owner, ids } = found
  // By then the name may be gone, and it may never have been.
  const give = sh`chown ${owner} "$file" 2>/dev/null || chown ${ids} "$file"`
  return {
    text: show(content.toString('utf8'), mode, owner),
    restore: write(path, sh`base64 -d <<<${content.toString('base64')}`, mode, give),
  }
}

function remove(path: string, folders: number): Script {
  const scripts = [sh`rm -f -- ${path} ${unfinished(path)}`]
  for (let folder = posix.dirname(path); scripts.length <= folders; folder = posix.dirname(folder))
    scripts.push(sh`[ ! -d ${folder} ] || rmdir --ignore-fail-on-non-empty -- ${folder}`)
  return lines(...scripts)
}

const show = (content: string, mode: string, owner: string) => `# mode ${mode}, owner ${owner}\n${content}`

function parseFound(path: string, text: string): Found | undefined {
  if (text === '') return undefined
  // The last line is about the file, all before its content.
  const [, printed = '', about = ''] = text.match(/^([^]*)\n(.*)\n$/) ?? []
  const [how, kind = '', mode = '', names = '', ids = names] = about.split('|')
  if (!kind.startsWith('regular'))
    throw new UserError(`${path} is a ${kind}, and a regular file is wanted: move it away`, 1)
  const numbers = ids.split(':')
  const owner = names.split(':').map((name, i) => (name === 'UNKNOWN' ? numbers[i] : name))
  const content = Buffer.from(printed, how === 'base64' ? 'base64' : 'utf8')
  return { content, mode, owner: owner.join(':'), ids }
}

/** The name of a file before it is whole: always the same, so that a power failure leaves nothing that nobody finds. */
export const unfinished = (path: string): string =>
  posix.join(posix.dirname(path), `.${posix.basename(path)}${unfinishedEnd}`)
export const unfinishedEnd = '.keepalived-playbooks'

/** Makes `"$file"` a new, empty file of root alone, where somebody else may have put something. */
export const newFile: Script = sh`! [ -e "$file" -o -L "$file" ] || rm -f -- "$file"
umask 077
set -C
: >"$file" || exit 1
set +C
umask 022
trap 'rm -f -- "$file"' EXIT`

/** SELinux has a label for each path; a file that is moved there would keep that of its own. */
const labelled = (path: string): Script =>
  sh`[ ! -e /sys/fs/selinux/enforce ] || chcon -- "$(matchpathcon -n -- ${path})" "$file"`

/** A file that root has made is root's, unless its folder has a group of its own. */
const giveToRoot = sh`[ "$EUID:$GROUPS" = 0:0 ] && [ -O "$file" ] && [ -G "$file" ] || chown root:root "$file"`

/** @param give a command that gives `"$file"` to its owner */
function write(path: string, print: Script, mode: string, give: Script, validate?: Script): Script {
  const folder = posix.dirname(path)
  return lines(
    sh`[ -d ${folder} ] || mkdir -p -- ${folder}
file=${unfinished(path)}
${newFile}
${print} >"$file"
${give}
chmod ${mode} "$file"
${labelled(path)}`,
    ...(validate ? [validate] : []),
    // After a power failure, some file systems have the new name and no content.
    sh`sync -- "$file"
mv -f -- "$file" ${path}
trap - EXIT`,
  )
}
