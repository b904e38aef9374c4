/** @returns the text of a file as editors write it: UTF-8, or UTF-16 where it begins with its mark, which is left out */
export function decoded(bytes: Buffer): string {
  const mark = bytes.subarray(0, 2).toString('hex')
  return new TextDecoder({ fffe: 'utf-16le', feff: 'utf-16be' }[mark] ?? 'utf-8').decode(bytes)
}
