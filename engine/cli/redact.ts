import { keyBegin, mask, withoutTails } from '../base/private-keys.ts'

/** A word of a configuration file, in quotes or not; colours begin with an escape character. */
const word = String.raw`("[^"\n\x1b]*"?|'[^'\n\x1b]*'?|[^\s\x1b]+)`
const rest = String.raw`([^\n\x1b]+)`

/**
 * What the hosts had before is a secret too, and no inventory knows it: keepalived.conf and snmpd.conf, which knows
 * no case, keys of named, and what other programs have in files and commands. The first group is the secret, and the end of the
 * match.
 */
const patterns = [
  String.raw`\bauth_(?:pass|hash|hmac|key)\s+${word}`,
  String.raw`\b(?:r[ow]community6?|trapcommunity|defCommunity)\s+${word}`,
  String.raw`\b(?:authcommunity|com2secunix)\s+(?:-Cn\s+\S+\s+)?\S+\s+${word}`,
  String.raw`\bcom2sec6?\s+(?:-Cn\s+\S+\s+)?\S+\s+\S+\s+${word}`,
  String.raw`\b(?:trap2?|inform)sink\s+\S+\s+${word}`,
  String.raw`\bdef(?:Auth|Priv)?(?:Passphrase|MasterKey|LocalizedKey)\s+${word}`,
  String.raw`\bcreateUser\s+(?:-e\s+\S+\s+)?\S+\s+\S+\s+${rest}`,
  String.raw`\busmUser\s+${rest}`,
  String.raw`\b(?:trapsess|proxy)\s+(?=-)${rest}`,
  // named.conf and rndc.key; dig and nsupdate take [ALGORITHM:]NAME:KEY.
  String.raw`\bsecret\s*("[^"\n\x1b]*"?|[^\s;"\x1b]+(?=\s*;))`,
  String.raw`\s-y\s*["']?(?:[\w.-]+:){1,2}([A-Za-z0-9+/]{8,}=*)`,
  // Keys in PEM, whole or cut off at their end, also with what a diff puts before each line.
  String.raw`${keyBegin}([^]+?(?=-----END )|[^]+)`,
  String.raw`\bAGE-SECRET-KEY-([0-9A-Z]+)`,
  // Hashes of passwords: htpasswd, shadow.
  String.raw`(?:^|[\s:"'=])(\$(?:apr1|[1-7]|2[abxy]|g?y|sha1|scrypt|argon2\w*)\$[\w./$,=+-]{8,})`,
  String.raw`\{S?(?:SHA|MD5|CRYPT)\d*\}([\w./+=$-]{8,})`,
  String.raw`\b\w+:\/\/[^\s/:@"']*:([^\s/@"']+)(?=@)`,
  // Settings: password=…, PGPASSWORD=…, PrivateKey = …
  String.raw`(?:passw(?:or)?d|passphrase|authpass|secret|token|psk|(?:api|private|preshared)[_-]?key)\s*=\s*${word}`,
  String.raw`^[-+\s]*(?:insecure-)?password:?\s+${word}(?=\s*$)`,
  String.raw`"[\w.-]*(?:passw(?:or)?d|passphrase|secret|token|psk|(?:api|private|preshared)[_-]?key)"\s*:\s*"((?:\\.|[^"\\\n])+)`,
  String.raw`\bauthorization:\s*(?:basic|bearer)\s+([^\s"'\x1b]+)`,
  String.raw`\bstats\s+auth\s+[^\s:]+:([^\s\x1b]+)`,
  // Words of programs.
  String.raw`\s--(?:[\w-]+-)?passw(?:or)?d\s+${word}`,
  String.raw`\bsshpass\s+-p\s*${word}`,
  String.raw`\b(?:curl|wget)\s(?:[^\n]*?\s)?(?:-u|--(?:proxy-)?user)[ =]?["']?[^\s:"']+:([^\s"'\x1b]+)`,
  String.raw`\b(?:mysql|mariadb)\w*(?:-admin)?\s(?:[^\n]*?\s)?-p([^\s"'\x1b]+)`,
  String.raw`\bredis-cli\s(?:[^\n]*?\s)?-a\s*${word}`,
].map((pattern) => new RegExp(pattern, 'gim'))

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
      withoutTails(text),
    )
    return this.#values.reduce((left, value) => left.replaceAll(value, mask), withoutPatterns)
  }
}
