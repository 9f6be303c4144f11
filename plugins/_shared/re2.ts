/** Regular expressions of configurations, in Go's syntax and with Go's promise: time in proportion to the text. */

/** A pattern that takes time in proportion to the text. */
export interface Pattern {
  /** Says whether it matches anywhere. */
  test(text: string): boolean
}

/**
 * Compiles one; the library is loaded with the first.
 * @throws Error with the library's reason
 */
export async function compilePattern(source: string): Promise<Pattern> {
  const { RE2JS } = await import('re2js')
  return RE2JS.compile(source)
}
