// What a terminal takes for a command, what turns the direction of writing, and what ends a line unseen.
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Text with every character that would control a terminal or a page replaced, but tab and newline. */
export const printable = (text: string): string => text.replace(unseen, '\ufffd')

/** JSON text in which the same characters stand as `\u009b`: JSON escapes some of them by itself. */
export const printableJson = (json: string): string =>
  json.replace(unseen, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
