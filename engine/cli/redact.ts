const mask = '********'

/**
 * The only place where secrets are removed from printed or saved text: known values, and patterns for unknown
 * values, such as the old password in a file on a host.
 */
export class Redactor {
  readonly #values: string[] = []
  readonly #patterns: RegExp[] = []

  /** Hides this value in all output. */
  addValue(value: string | undefined): void {
    if (value) this.#values.push(value)
  }

  /** Hides what the first group of a global pattern matches, which has to be the end of the match. */
  addPattern(pattern: RegExp): void {
    this.#patterns.push(pattern)
  }

  /** @returns the text with every secret replaced by asterisks */
  redact(text: string): string {
    const withoutPatterns = this.#patterns.reduce(
      (rest, pattern) =>
        rest.replace(pattern, (match: string, secret: string) => match.slice(0, -secret.length) + mask),
      text,
    )
    return this.#values.reduce((rest, value) => rest.replaceAll(value, mask), withoutPatterns)
  }
}
