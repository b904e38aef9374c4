import { closest, distance } from 'fastest-levenshtein'

/**
 * @param word the word as it was written
 * @param known what they may have meant
 * @returns ` (did you mean "…"?)`, or nothing where no known word is near
 */
export function didYouMean(word: string, known: readonly string[]): string {
  // What is known may be from a file as well, and must do nothing to a terminal.
  const plain = known.filter((one) => !/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(one))
  if (plain.length === 0) return ''
  // Letters that are small or capital by mistake are no difference.
  const lower = plain.map((one) => one.toLowerCase())
  const best = closest(word.toLowerCase(), lower)
  const isNear = distance(word.toLowerCase(), best) <= (best.length < 4 ? 1 : Math.max(2, Math.floor(best.length / 4)))
  return isNear ? ` (did you mean "${plain[lower.indexOf(best)]}"?)` : ''
}
