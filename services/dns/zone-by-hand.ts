import { UserError } from '../../engine/base/errors.ts'
import { sh } from '../../engine/base/sh.ts'
import { type Task, unchanged } from '../../engine/runner/task.ts'
import { commentOut } from '../../tasks/commented-out.ts'

interface Places {
  zone: string
  /** Where the configuration begins. */
  conf: string
  /** Ours, which define the zone. */
  own: string
  /** The file that includes ours; a change here is one there. */
  included: string
}

interface File {
  path: string
  text: string
}

/**
 * The health zone is defined by our file alone. The article's, made by hand, is taken out in the change that includes ours;
 * a zone of this name that is something else is refused.
 */
export const zoneByHand = ({ zone, conf, own, included }: Places, record: string): Task => ({
  name: `zone ${zone} is defined by ${own} alone`,
  key: `zone ${zone} by hand`,
  resources: [included],
  // All files of the configuration, the options of the zone as named reads them, and its records.
  probe: sh`
command -v named-checkconf >/dev/null && [ -e ${conf} ] || exit 0
files=(${conf})
others=()
own=
include='^[[:space:]]*include[[:space:]]+"([^"]+)"'
for ((i = 0; i < \${#files[@]} && i < 200; i++)); do
  if [ "\${files[i]}" = ${own} ]; then own=yes; fi
  [ "\${files[i]}" != ${own} ] && [ -f "\${files[i]}" ] || continue
  others+=("\${files[i]}")
  while IFS= read -r line || [ "$line" ]; do
    # shellcheck disable=SC2206
    if [[ $line =~ $include ]]; then files+=(\${BASH_REMATCH[1]}); fi
  done <"\${files[i]}"
done
if [ "$own" ]; then
  echo own=yes
  # So it is in most runs, and named's programs take a second on a small host.
  grep -qisF -- ${zone} "\${others[@]}" || exit 0
fi
for path in "\${others[@]}"; do printf 'file=%s %s\n' "$(base64 -w0 -- "$path")" "$path"; done
all=$(named-checkconf -p ${conf} 2>&1) || { echo "refused=$(tail -n 1 <<<"$all")"; exit 0; }
text=$(sed -n ${`/^[[:space:]]*zone "${zone.replaceAll('.', '\\.')}\\.\\?" /I,/^};/p`} <<<"$all")
sed 's/^/zone=/' <<<"$text"
path=$(sed -nE 's/^[[:space:]]*file "(.*)";/\1/p' <<<"$text" | head -n 1)
[ -n "$path" ] || exit 0
cd "$(sed -nE 's/^[[:space:]]*directory "(.*)";/\1/p' <<<"$all" | head -n 1)" 2>/dev/null || true
echo "records=$path"
named-checkzone -D -q -i none -k ignore ${zone} "$path" | sed 's/^/record=/'`,
  plan: ({ text }) => {
    const values = (key: string) => [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map((match) => match[1]!)
    const files = values('file').map((row): File => {
      const [content, ...path] = row.split(' ')
      return { path: path.join(' '), text: Buffer.from(content!, 'base64').toString('utf8') }
    })
    const found = files.flatMap((file) => statements(file, zone))
    const [first] = found
    if (!first) {
      const defined = values('zone').some((row) => row !== '') && values('own').length === 0
      if (defined)
        throw new UserError(
          `named has a zone ${zone} that stands in none of ${conf} and what it includes: take it out`,
          1,
        )
      return unchanged()
    }
    const refuse = (why: string) => {
      throw new UserError(
        `${first.path}:${first.line} defines the zone ${zone}, ${why}: take it out, or give the inventory another service.health_zone`,
        1,
      )
    }
    const [problem] = values('refused')
    // Named does not read it: what includes it is a comment.
    if (problem === undefined && values('zone').every((row) => row === '')) return unchanged()
    if (problem !== undefined) refuse(`and named-checkconf refuses the configuration (${problem})`)
    const beside = found.find(({ alone }) => !alone)
    if (beside) refuse('and other things stand in its lines or around it')
    if (values('zone')[0]!.startsWith('\t')) refuse('inside of a view')
    const odd = strange(values('zone'), values('record'), `${record}.${zone}.`)
    if (odd) refuse(odd.replace('FILE', values('records')[0] ?? ''))
    return commentOut(found, '//', sh`named-checkconf ${conf}`)
  },
})

interface Found {
  path: string
  line: number
  text: string
  /** Nothing else is in its lines, and it is inside of nothing. */
  alone: boolean
}

/** @returns where statements define the zone */
function statements({ path, text }: File, zone: string): Found[] {
  const found: Found[] = []
  let depth = 0
  let words: string[] = []
  let begin: number | undefined
  let outside = 0
  let outer = 0
  for (const { 0: token, index } of text.matchAll(/\/\*[^]*?\*\/|\/\/.*|#.*|"[^"]*"|[{};]|[^\s{};"]+/g)) {
    if (/^(\/[/*]|#)/.test(token)) continue
    if (words.length === 0) outside = index
    if (!/^[{};]$/.test(token)) words.push(token.replaceAll('"', ''))
    if (
      begin === undefined &&
      words[0]?.toLowerCase() === 'zone' &&
      words[1]?.replace(/\.$/, '').toLowerCase() === zone.toLowerCase()
    ) {
      begin = outside
      outer = depth
    }
    if (token === '{') depth++
    if (token === '}') depth--
    if (begin !== undefined && token === ';' && depth === outer) {
      const place = linesOf(path, text, begin, index + 1)
      found.push({ ...place, alone: place.alone && depth === 0 })
      begin = undefined
    }
    if (begin === undefined && /^[{};]$/.test(token)) words = []
  }
  return found
}

function linesOf(path: string, text: string, begin: number, end: number): Found {
  const from = text.lastIndexOf('\n', begin - 1) + 1
  const newline = text.indexOf('\n', end)
  const to = newline < 0 ? text.length : newline
  return {
    path,
    line: text.slice(0, from).split('\n').length,
    text: text.slice(from, to),
    alone: text.slice(from, begin).trim() === '' && /^\s*(\/\/.*|#.*)?$/.test(text.slice(end, to)),
  }
}

/** @returns why a zone is not the article's */
function strange(options: readonly string[], records: readonly string[], name: string): string | undefined {
  // Deeper lines are lists of addresses.
  const inner = options.filter((row) => /^\t\w/.test(row)).map((row) => row.trim())
  const type = inner.find((row) => row.startsWith('type '))
  if (type && !/^type (master|primary);$/.test(type)) return `whose "${type}" is not that of a health zone`
  const option = inner.find(
    (row) => /^[a-z]/.test(row) && !/^(type|file|allow-query|allow-transfer|notify)\b/.test(row),
  )
  if (option) return `which has "${option.replace(/ *\{$/, '')}" beside what a health zone has`
  const rows = records.map((row) => row.split(/\s+/))
  if (!rows.some(([owner, , , kind]) => owner === name && kind === 'TXT'))
    return `and its file FILE has no TXT record of ${name}`
  const servers = rows.flatMap(([, , , kind, data]) => (kind === 'NS' ? [data] : []))
  const more = rows.find(
    ([owner, , , kind]) =>
      !/^(SOA|NS)$/.test(kind!) &&
      !(kind === 'TXT' && owner === name) &&
      !(/^A{1,4}$/.test(kind!) && servers.includes(owner)),
  )
  return more && `and its file FILE has more than the health record: ${more[0]} ${more[3]}`
}
