// What a terminal takes for a command, what turns the direction of writing, what ends a line, and what nobody sees.
const unseen = /(?![\t\n])[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** Text with every character that would control a terminal or a page, or is not seen there, replaced, but tab and newline. */
export const printable = (text: string): string => text.replace(unseen, '\ufffd')

/** JSON text in which the same characters stand as `\u009b`: JSON escapes some of them by itself. */
export const printableJson = (json: string): string =>
  json.replace(unseen, (character) =>
    // Some have two units of UTF-16.
    character.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
