import { stringify } from 'yaml'
import type { Draft } from './draft.ts'
import type { Section } from './section.ts'

/**
 * Writes an inventory as people write it: a line a key, without what is a default.
 * @param head lines that say where it is from
 */
export function inventoryText({ cluster, hosts, gaps, assumed }: Draft, head: readonly string[]): string {
  const why = (value: string) => {
    const words = value.split(/[\s,"{}[\]]+/)
    const all = gaps.filter(({ mark }) => words.includes(mark)).map(({ mark, why: text }) => ({ mark, text }))
    return all.length > 1 ? all.map(({ mark, text }) => `${mark}: ${text}`).join('; ') : all[0]?.text
  }
  const line = (key: string, value: unknown, about?: string) => {
    const text = flow(value)
    const note = about ?? why(text)
    return `  ${flow(key)}: ${text}${note === undefined ? '' : ` # ${plain(note)}`}`
  }
  const rows = (map: Section) => Object.entries(map).filter(([, value]) => value !== undefined)
  return [
    ...head.map((text) => `# ${plain(text)}`),
    'cluster:',
    ...rows(cluster).flatMap(([key, value]) =>
      key === 'checks'
        ? ['  checks:', ...rows(value as Section).map(([name, check]) => `  ${line(name, check)}`)]
        : [
            line(
              key,
              value,
              key === 'auth_pass' ? `an environment variable with the password of the files` : assumed[key],
            ),
          ],
    ),
    'hosts:',
    ...rows(hosts).map(([name, host]) => line(name, host)),
    '',
  ].join('\n')
}

/** Files and what is in them may have any characters. */
const plain = (text: string) => text.replaceAll(/[^ -~]/g, '?')

const flow = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', flowCollectionPadding: true, lineWidth: 0, schema: 'core' }).trimEnd()
