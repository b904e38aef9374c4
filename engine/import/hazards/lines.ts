import { type Statement, within } from '../../conf/statement.ts'
import { isKeyword } from '../keywords.ts'
import { isArgument, isOurs } from '../meaning-notify.ts'
import { commandOf } from '../meaning-checks.ts'
import { blocks, hazard, type Hazard, type NodeFiles } from './hazard.ts'

const several = hazard('several-keywords-in-a-line', 'give each a line of its own')
const script = hazard('script-without-quotes', 'put the whole command in quotes')
const argument = hazard('notify-argument-without-quotes', 'put the program and its words in quotes')
const taken = hazard('notify-script-of-the-playbooks', 'where it does more than tell the state, give it another name')
const stuck = hazard('nopreempt-called-like-a-switch', 'take nopreempt out')

/** Lines whose words keepalived takes for others than who wrote them. */
export function lineHazards(node: NodeFiles): Hazard[] {
  const holders = [...blocks(node, 'vrrp_instance'), ...blocks(node, 'vrrp_sync_group')]
  return [
    ...blocks(node, 'vrrp_script').flatMap((one) => [...inOneLine(one), ...unquoted(one)]),
    ...holders.flatMap((one) => [...inOneLine(one), ...programs(one), ...switches(one)]),
    ...holders
      .flatMap(({ block }) => block.filter(({ words }) => words[0] === 'authentication'))
      .flatMap((one) => inOneLine(one)),
  ]
}

/** keepalived takes a line for one keyword, also where a block stands in one line. */
function inOneLine({ words: [inside = ''], block }: Statement): Hazard[] {
  return block.flatMap((line) => {
    const own = line.words[0] === 'script' ? commandOf(line).length : 0
    const other = line.words.slice(1 + own).find((word) => isKeyword(word, inside))
    return other === undefined || line.words[0]!.startsWith('notify')
      ? []
      : [several(line, `keepalived leaves ${other} out, as ${line.words[0]} stands before it in the line`)]
  })
}

function unquoted({ words: [, name], block }: Statement): Hazard[] {
  return block.flatMap((line) => {
    const [first = '', ...more] = line.words[0] === 'script' ? commandOf(line) : []
    return more.length === 0
      ? []
      : [script(line, `${name} runs ${first} alone: keepalived leaves ${more.join(' ')} out`)]
  })
}

const programs = ({ block }: Statement): Hazard[] =>
  block
    .filter(({ words }) => /^notify(_\w+)?$/.test(words[0]!))
    .flatMap((line) => {
      const [keyword, program = '', user] = line.words
      return [
        ...(isArgument(user)
          ? [
              argument(
                line,
                `${keyword}: keepalived takes ${user} for a user, and does not run ${program} where there is none`,
              ),
            ]
          : []),
        ...(isOurs(line) && !within(block, 'track_file').some(({ words }) => words[0] === 'standby')
          ? [taken(line, `the playbooks write a script of their own to ${program}`)]
          : []),
      ]
    })

const switches = ({ block }: Statement): Hazard[] =>
  block
    .filter(({ words }) => words[0] === 'nopreempt' && /^(false|no|off|0)$/i.test(words[1] ?? ''))
    .map((line) => stuck(line, `nopreempt ${line.words[1]} is nopreempt: keepalived heeds no word behind it`))
