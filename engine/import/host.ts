import { filesOf } from '../conf/files.ts'
import { UserError } from '../base/errors.ts'
import { type Script, sh } from '../base/sh.ts'
import type { Source } from './import.ts'

/** Where keepalived reads its configuration. */
const conf = '/etc/keepalived/keepalived.conf'

/** Prints a host's name, its addresses, and the small text files of keepalived's folder, each in one line. Changes nothing. */
export const hostProbe: Script = sh`
echo "name $(hostname -s 2>/dev/null || cat /etc/hostname)"
ip -o -4 address show scope global 2>/dev/null | awk '{ sub("/.*", "", $4); print "address " $4 }'
# Links are followed as keepalived does; it takes configuration that may be executed, too.
find -L /etc/keepalived -maxdepth 4 -type f -size -256k \( ! -perm /111 -o -name '*.conf' \) -print0 2>/dev/null | sort -z |
  while IFS= read -r -d '' path; do
    { [ ! -s "$path" ] || grep -qI '' "$path"; } && echo "file $(base64 -w 0 <<<"$path") $(base64 -w 0 "$path")"
  done
true`

/** @returns the keepalived.conf of a host @throws UserError where it has none */
export function sourceOf(host: string, printed: string): Source {
  const values = (kind: string) =>
    printed.split('\n').flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1).trim()] : []))
  const text = (base64: string) => Buffer.from(base64, 'base64').toString('utf8')
  const files = new Map(
    values('file').map((line) => {
      const [path = '', content = ''] = line.split(' ')
      return [text(path).trimEnd(), text(content)]
    }),
  )
  if (!files.has(conf)) throw new UserError(`${host}: has no ${conf}; name a file in place of --host`)
  return {
    file: `${host}:${conf}`,
    files: filesOf(host, files),
    name: values('name')[0],
    addresses: values('address'),
    ssh: host,
  }
}
