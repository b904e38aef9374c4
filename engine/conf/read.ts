import { dirname } from 'node:path'
import { type Conf, linesOf, parseBlocks } from './blocks.ts'
import { type Definitions, definitionIn, loopIn, replaced } from './definitions.ts'
import { type Files, filesHere } from './files.ts'
import type { Line, Problem } from './statement.ts'
import { withoutComment, wordsOf } from './words.ts'

/** They differ in what keepalived refuses: a file that it may not read, a pattern that no file matches. Braces are the pattern's. */
const includes = /^(include[rmwba]?)[ \t]+(?:([^\s"']+)|"([^"]+)")$/

/** How deep definitions and includes may stand in each other. */
const deepest = 50

/**
 * Reads a keepalived.conf with what it includes, its definitions and loops put in, and those of its lines that are for
 * one host (`@HOST …`).
 * @param id the name by which lines for a host are chosen (keepalived's `--config-id`)
 * @throws UserError where the file can't be read
 */
export function readConf(file: string, id?: string, files: Files = filesHere): Conf {
  const reader = new Reader(id, files)
  reader.file(file, 0)
  const { statements, problems } = parseBlocks(reader.lines)
  return { statements, problems: [...reader.problems, ...problems] }
}

/** A format of docker or podman, as in `docker inspect -f '{{.State.Running}}' web`. */
const dockerFormat = /\b(?:docker|podman)\b[^{}]*?\{\{ ?(?:json |len )?\.[\w.]+ ?\}\}/g

/** @returns the names of hosts that lines of a file are for, in their order */
export const hostsIn = (text: string): string[] => [
  ...new Set([...text.matchAll(/^[ \t]*@\^?([^\s^]+)[ \t]/gm)].map(([, name]) => name!)),
]

const placeOf = ({ file, line, column }: Line) => ({ file, line, column })

class Reader {
  readonly lines: Line[] = []
  readonly problems: Problem[] = []
  readonly #definitions: Definitions
  readonly #id: string | undefined
  readonly #files: Files

  constructor(id: string | undefined, files: Files) {
    this.#id = id
    this.#files = files
    this.#definitions = new Map([
      ['_INSTANCE', id ?? ''],
      ['_HASH', '#'],
      ['_BANG', '!'],
    ])
  }

  file(file: string, depth: number): void {
    this.#definitions.set('_PWD', dirname(file))
    const rows = linesOf(this.#files.text(file), file)
    for (let at = 0; at < rows.length; at++) {
      const { text } = rows[at]!
      const indent = text.length - text.trimStart().length
      const line = { ...rows[at]!, text: withoutComment(text).trim(), column: indent + 1 }
      const [, head] = /^((?:@\S+[ \t]+)?\$\w+[ \t]*=.*)\\$/s.exec(line.text) ?? []
      if (head !== undefined) {
        const parts = [head.trimEnd()]
        while (parts.length > 0 && ++at < rows.length) {
          const next = withoutComment(rows[at]!.text).trim()
          parts.push(next.replace(/[ \t]*\\$/, ''))
          if (!next.endsWith('\\')) break
        }
        line.text = parts.filter((part, index) => index === 0 || part !== '').join('\n')
      }
      this.#take(line, depth)
    }
  }

  /** Takes a line to its end: condition, definition, loop, what it uses, what it includes. */
  #take(line: Line, depth: number): void {
    if (line.text === '') return
    if (depth > deepest) return this.#report(line, 'stands in itself: a definition uses, or a file includes, itself')
    const text = this.#forThis(line.text)
    if (text === undefined) return
    const defined = definitionIn(text)
    if (defined) return void this.#definitions.set(defined[0], defined[1].replace(/=\n/, '='))
    const loop = loopIn(text, this.#definitions)
    if (typeof loop === 'string') return this.#report(line, loop)
    if (loop) {
      for (const turn of loop.turns) {
        for (const [name, value] of turn) this.#definitions.set(name, value)
        this.#take({ ...line, text: loop.text }, depth + 1)
      }
      return
    }
    const full = replaced(text, this.#definitions)
    if (full !== text) {
      for (const part of full.split('\n')) this.#take({ ...line, text: part }, depth + 1)
      return
    }
    const [, word, plain, quoted] = includes.exec(full) ?? []
    if (word) this.#include(line, [word, plain ?? quoted!], depth)
    else {
      this.#refuse(line, full)
      this.lines.push({ ...line, text: full })
    }
  }

  /** @returns the line without its condition, undefined where that is not met */
  #forThis(text: string): string | undefined {
    if (!text.startsWith('@')) return text
    const [, not, name, rest] = /^@(\^?)(\S*)[ \t]+(.*)$/s.exec(text) ?? []
    return rest !== undefined && (name === this.#id) === (not === '') ? rest : undefined
  }

  #include(line: Line, [word, pattern]: [word: string, pattern: string], depth: number): void {
    const files = this.#files.matching(pattern, dirname(line.file))
    const mayBeNone = /[*?[{]/.test(pattern) && /^includer?$/.test(word)
    if (files.length === 0 && mayBeNone)
      this.problems.push({ ...placeOf(line), isTaken: true, text: `${word} ${pattern} names no file that is here` })
    else if (files.length === 0)
      this.#report(line, `${word} ${pattern}: there is no such file here; put it there, or take the line out`)
    for (const file of files) this.file(file, depth + 1)
    this.#definitions.set('_PWD', dirname(line.file))
  }

  /** What only a file has that is not finished. */
  #refuse(line: Line, text: string): void {
    // What docker is asked for has such braces as well.
    const template = /\{\{|\{%|<%|<no value>/.exec(text.replaceAll(dockerFormat, ''))
    if (template)
      return this.#report(line, `${template[0]} is of a template: render it first, and import the file that it makes`)
    const words = wordsOf(text)
    // What is in quotes may be for a shell. The braces of a name that is not defined would be blocks.
    const plain = words.find(({ text: word, isQuoted }) => !isQuoted && /^\$[A-Za-z_]\w*$/.test(word))?.text.slice(1)
    const inBraces = words.some((word) => word.text === '{' && !word.isQuoted) && /\$\{([A-Za-z_]\w*)\}/.exec(text)?.[1]
    const name = plain ?? inBraces
    if (name) this.#report(line, `$${name} is not defined: put its value in its place, or a line $${name}=VALUE above`)
  }

  #report(line: Line, text: string): void {
    this.problems.push({ ...placeOf(line), text })
  }
}
