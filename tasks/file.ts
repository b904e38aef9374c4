import { posix } from 'node:path'
import { UserError } from '../engine/base/errors.ts'
import { lines, type Script, sh } from '../engine/base/sh.ts'
import { type Task, unchanged } from '../engine/runner/task.ts'

export interface FileOptions {
  /** Octal, as for chmod; default 644. */
  mode?: string
  /** Runs with the new content in `"$file"`, before it replaces the old file; a failure keeps the old one. */
  validate?: Script
}

/** The first line of a file that playbooks own. */
export const ownFile = '# Written by keepalived-playbooks; changes by hand are replaced by the next run.\n'

/** The wanted content, or a function from the present content (undefined: no file) to it. */
export type Content = string | ((current: string | undefined) => string)

interface Found {
  content: Buffer
  mode: string
  owner: string
}

/** A file of root with exactly this content, replaced in one step, so that readers see no half file. */
export function file(path: string, content: Content, options: FileOptions = {}): Task {
  const mode = options.mode ?? '644'
  return {
    name: `file ${path}`,
    key: `file ${path}`,
    resources: [path],
    probe: sh`
if [ -e ${path} ] || [ -L ${path} ]; then
  stat -c '%F|%a|%U:%G' -- ${path}
  [ ! -f ${path} ] || exec base64 -w0 -- ${path}
else
  [ -d ${posix.dirname(path)} ]
fi`,
    plan: ({ text, code }) => {
      const found = parseFound(path, text)
      const wanted = typeof content === 'string' ? content : content(found?.content.toString('utf8'))
      if (found?.content.equals(Buffer.from(wanted)) && found.mode === mode && found.owner === 'root:root')
        return unchanged()
      return {
        before: found ? show(found.content.toString('utf8'), found.mode, found.owner) : '',
        after: show(wanted, mode, 'root:root'),
        apply: write(path, sh`printf '%s' ${wanted}`, mode, 'root:root', options.validate),
        undo: found
          ? write(path, sh`base64 -d <<<${found.content.toString('base64')}`, found.mode, found.owner)
          : remove(path, code !== 0),
      }
    },
  }
}

function remove(path: string, withFolder: boolean): Script {
  const file = sh`rm -f -- ${path}`
  if (!withFolder) return file
  return lines(file, sh`[ ! -d ${posix.dirname(path)} ] || rmdir --ignore-fail-on-non-empty -- ${posix.dirname(path)}`)
}

const show = (content: string, mode: string, owner: string) => `# mode ${mode}, owner ${owner}\n${content}`

function parseFound(path: string, text: string): Found | undefined {
  if (text === '') return undefined
  const [kind, mode, owner] = text.slice(0, text.indexOf('\n')).split('|')
  if (!kind!.startsWith('regular'))
    throw new UserError(`${path} is a ${kind}, and a regular file is wanted: move it away`, 1)
  return { content: Buffer.from(text.slice(text.indexOf('\n') + 1), 'base64'), mode: mode!, owner: owner! }
}

function write(path: string, print: Script, mode: string, owner: string, validate?: Script): Script {
  const folder = posix.dirname(path)
  return lines(
    sh`mkdir -p -- ${folder}
file=$(mktemp ${`${folder}/.${posix.basename(path)}.XXXXXX`})
trap 'rm -f -- "$file"' EXIT
${print} >"$file"
chown ${owner} "$file"
chmod ${mode} "$file"`,
    ...(validate ? [validate] : []),
    sh`mv -f -- "$file" ${path}`,
  )
}
