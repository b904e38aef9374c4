/** Where something stands in a file; line and column from 1. */
export interface Place {
  file: string
  line: number
  column: number
}

/** A statement of keepalived.conf(5). */
export interface Statement extends Place {
  words: readonly string[]
  /** What stands in its braces. */
  block: Statement[]
}

/** Something that keepalived itself would stumble over. */
export interface Problem extends Place {
  /** What is wrong, and what to do about it. */
  text: string
  /** Whether keepalived reads on as if it were mended, and works. */
  isTaken?: boolean
}

/** A line to read, with the place that it is from; one that was made from a definition has the place where it is used. */
export interface Line extends Place {
  text: string
}

/** @returns what stands in the braces of these keywords, of all blocks together */
export const within = (block: readonly Statement[], ...keywords: string[]): Statement[] =>
  block.filter(({ words }) => keywords.includes(words[0]!)).flatMap((one) => one.block)

/** @returns a place as messages have it: `FILE:LINE:COLUMN` */
export const placed = ({ file, line, column }: Place): string => `${file}:${line}:${column}`
