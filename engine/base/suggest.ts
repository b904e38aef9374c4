import { closest, distance } from 'fastest-levenshtein'

/**
 * @param word the word as it was written
 * @param known what they may have meant
 * @returns ` (did you mean "…"?)`, or nothing where no known word is near
 */
export function didYouMean(word: string, known: readonly string[]): string {
  if (known.length === 0) return ''
  const best = closest(word, known)
  return distance(word, best) <= Math.max(2, Math.floor(best.length / 3)) ? ` (did you mean "${best}"?)` : ''
}
