const mask = '********'

/** A word of a configuration file, in quotes or not; colours begin with an escape character. */
const word = String.raw`("[^"\n\x1b]*"?|'[^'\n\x1b]*'?|[^\s\x1b]+)`
const rest = String.raw`([^\n\x1b]+)`

/**
 * What the hosts had before is a secret too, and no inventory knows it: keepalived.conf and snmpd.conf, which knows
 * no case. The first group is the secret, and the end of the match.
 */
const patterns = [
  String.raw`\bauth_(?:pass|hash)\s+${word}`,
  String.raw`\b(?:r[ow]community6?|trapcommunity|defCommunity)\s+${word}`,
  String.raw`\b(?:authcommunity|com2secunix)\s+(?:-Cn\s+\S+\s+)?\S+\s+${word}`,
  String.raw`\bcom2sec6?\s+(?:-Cn\s+\S+\s+)?\S+\s+\S+\s+${word}`,
  String.raw`\b(?:trap2?|inform)sink\s+\S+\s+${word}`,
  String.raw`\bdef(?:Auth|Priv)?(?:Passphrase|MasterKey|LocalizedKey)\s+${word}`,
  String.raw`\bcreateUser\s+(?:-e\s+\S+\s+)?\S+\s+\S+\s+${rest}`,
  String.raw`\busmUser\s+${rest}`,
  String.raw`\b(?:trapsess|proxy)\s+(?=-)${rest}`,
].map((pattern) => new RegExp(pattern, 'gi'))

/**
 * The only place where secrets are removed from printed or saved text: known values, and patterns for unknown
 * values, such as the old password in a file on a host.
 */
export class Redactor {
  readonly #values: string[] = []

  /** Hides this value in all output. */
  addValue(value: string | undefined): void {
    if (value) this.#values.push(value)
    // The end of one that begins with another would be left.
    this.#values.sort((a, b) => b.length - a.length)
  }

  /** @returns the text with every secret replaced by asterisks */
  redact(text: string): string {
    const withoutPatterns = patterns.reduce(
      (left, pattern) =>
        left.replace(pattern, (match: string, secret: string) => match.slice(0, -secret.length) + mask),
      text,
    )
    return this.#values.reduce((left, value) => left.replaceAll(value, mask), withoutPatterns)
  }
}
