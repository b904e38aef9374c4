import { placed } from '../conf/statement.ts'
import type { Hazard } from './hazards.ts'
import type { Imported } from './import.ts'
import type { Unsaid } from './verdict.ts'

/** What the playbooks add to every cluster, and why it is as meant. */
export const always: readonly string[] = [
  'state BACKUP on all nodes, so that none begins as MASTER',
  'enable_script_security, and checks run as nobody where no user is said',
  'files by which a node is put on standby or drained (track_file), and a notify script that tells the state',
]

/** @returns hazards, each mistake once with all of its places */
function hazardLines(hazards: readonly Hazard[]): string[] {
  const byText = new Map<string, Hazard[]>()
  for (const one of hazards) {
    const key = `${one.what}: ${one.cure}`
    byText.set(key, [...(byText.get(key) ?? []), one])
  }
  return [...byText].map(([text, [first, ...others]]) => {
    const more =
      others.length === 0 ? '' : ` (and ${others.map(({ place }) => `${place.file}:${place.line}`).join(', ')})`
    return `${placed(first!.place)} ${text}${more}`
  })
}

const asTheyAre =
  'kept as lines at the end of keepalived.conf (keepalived.file), where the playbooks neither ask, nor judge or drain real servers'

const byNeed = (unsaid: readonly Unsaid[]) =>
  [...new Set(unsaid.map(({ need }) => need))].flatMap((need) => [
    `${need}:`,
    ...unsaid.filter((one) => one.need === need).map(({ text }) => `  ${text}`),
  ])

/** @returns what people read of an import */
export function reportLines({ nodes, hazards, unsaid, kept, added, trifles, refused, draft }: Imported): string[] {
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]
  const said = isAsMeant({ unsaid, refused })
    ? 'The inventory says what the files say: rendered again and compared, nothing is missing.'
    : 'The inventory does not say all that the files say.'
  return [
    ...section('mistakes in the files, and what to do about them', hazardLines(hazards)),
    ...section('left out, as the schema refuses it', refused),
    ...section('could not be said', byNeed(unsaid)),
    ...section(`${draft.kept.join(', ')}: ${asTheyAre}, as there is no key for`, byNeed(kept)),
    ...section('added, or in another way, and why', [...added, ...always]),
    ...section('of no consequence', trifles),
    ...section(
      'put in before you use it',
      draft.gaps.map(({ mark, why }) => `${mark}: ${why}`),
    ),
    '',
    said,
    `Bring ${nodes.join(', ')} to level ${draft.level}; --check shows what would change.`,
  ]
}

/** Whether nothing that files say is missing in the inventory. */
export const isAsMeant = ({ unsaid, refused }: Pick<Imported, 'unsaid' | 'refused'>): boolean =>
  unsaid.length === 0 && refused.length === 0
