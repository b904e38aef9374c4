import type { Planned } from '../../engine/runner/task.ts'
import type { Level } from '../../inventory/levels.ts'
import type { Path } from '../../inventory/source.ts'
import { installedPackages } from '../packages.ts'
import type { Target } from '../target.ts'
import { configuration, keepalivedConf } from './keepalived-conf.ts'

/** What `keepalived -t` says of one line of our file, or of the whole. */
interface Complaint {
  text: string
  /** From 1. */
  line?: number
}

/**
 * @param said by `keepalived -t` of what `configuration` gives
 * @returns why the run is refused, in keepalived's own words: by the place in the inventory where a line is the user's own.
 *   Undefined where all of it may be about what earlier tasks bring, such as a program or a user of a package.
 */
export function refusal(
  target: Target,
  level: Level,
  said: string,
  code: number,
  planned: Planned,
): string | undefined {
  const conf = configuration(target, level).split('\n')
  const own = ownLines(target, level)
  const complaints = complaintsOf(said)
  const isOwn = ({ line }: Complaint) => line !== undefined && own.has(line)
  const mended = planned.changes(installedPackages) || complaints.some((one) => isAboutChanges(one, conf, planned))
  // What follows from a line of the user's own is told of other lines as well.
  const counting = mended || complaints.some(isOwn) ? complaints.filter(isOwn) : complaints
  if (counting.length === 0 && mended) return undefined
  const lines = [...new Set(counting.map(({ line }) => line))].map((line) => {
    const texts = counting.filter((one) => one.line === line).map(({ text }) => text)
    return { where: whereIs(line, conf, target.place, own), what: [...new Set(texts)].join('; ') }
  })
  // A line of the user's own stands in each instance, or in each virtual server.
  const told = new Set(lines.map(({ where, what }) => `${where}: ${what}`))
  return [
    `keepalived -t refuses the configuration that this run would write (exit code ${code}):`,
    ...(told.size > 0 ? told : ['it does not say why']),
    'Correct that in the inventory or on the host, and run again',
  ].join('\n')
}

function whereIs(
  line: number | undefined,
  conf: readonly string[],
  place: Target['place'],
  own: ReadonlyMap<number, Path>,
): string {
  if (line === undefined) return keepalivedConf
  const text = conf[line - 1]?.trim() ?? ''
  const path = own.get(line)
  return path ? `${place(path)} "${text}"` : `${keepalivedConf}:${line} "${text}"`
}

/** Without a file it is about the one that was read first, which is ours. */
const complaintsOf = (said: string): Complaint[] =>
  said
    .split('\n')
    .filter((row) => row.trim() !== '')
    .map((row) => {
      const [, file = keepalivedConf, line, text] = row.match(/^\((?:(.+): )?Line (\d+)\) (.*)$/) ?? []
      return line !== undefined && file === keepalivedConf ? { text: text!, line: Number(line) } : { text: row }
    })

/** Whether a complaint names what an earlier task is going to change: a program, a user, an interface. */
const isAboutChanges = ({ text, line }: Complaint, conf: readonly string[], planned: Planned): boolean =>
  `${text} ${line === undefined ? '' : (conf[line - 1] ?? '')}`
    .split(/[\s"'`(),[\]]+/)
    .some((word) => word !== '' && planned.changes(word))

/** @returns the lines of our file that the inventory gives as they are, and where it gives them */
export function ownLines({ cluster, host, hosts }: Target, level: Level): Map<number, Path> {
  // Rendered with marks in their stead, as lines of ours may read the same.
  const marks = (all: readonly string[], ...path: string[]) =>
    all.map((_, index) => `own ${[...path, String(index)].join(' ')}`)
  const marked = <Own extends object>(own: Own, ...owner: string[]) =>
    Object.fromEntries(
      Object.entries(own).map(([block, all]) => [block, marks(all as string[], ...owner, 'keepalived', block)]),
    ) as Own
  const keepalived = marked(cluster.keepalived, 'cluster')
  const instances = cluster.instances.map((one) =>
    one.keepalived
      ? { ...one, keepalived: marks(one.keepalived, 'cluster', 'instances', one.name, 'keepalived') }
      : one,
  )
  const rows = configuration(
    {
      cluster: { ...cluster, keepalived, instances },
      host: { ...host, ...(host.keepalived && { keepalived: marked(host.keepalived, 'hosts', host.name) }) },
      hosts,
    },
    level,
  ).split('\n')
  return new Map(
    rows.flatMap((row, index) => {
      const [, path] = row.match(/^\s*own ((?:cluster|hosts) .*)$/) ?? []
      return path === undefined ? [] : [[index + 1, path.split(' ')]]
    }),
  )
}
