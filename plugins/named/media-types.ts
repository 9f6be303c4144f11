/** Which media types a plugin works on, decided from a list at boot. */

/** Returns true when a Content-Type is one of the list. */
export type MediaTypeTest = (contentType: string | undefined) => boolean

/** Text in the widest sense: what can be searched, and is worth compressing. */
export const TEXT_TYPES: readonly string[] = [
  'text/*',
  'application/json',
  'application/*+json',
  'application/xml',
  'application/*+xml',
  'application/javascript',
  'application/x-ndjson',
  'application/graphql-response+json',
  'application/yaml',
  'image/svg+xml'
]

/** Compiles entries such as `text/html`, `text/*`, `application/*+json`. For a message without a Content-Type the function returns `absent`. */
export function compileMediaTypes(entries: readonly string[], absent: boolean): MediaTypeTest {
  const tests = entries.map(entry => entry.toLowerCase().split('*'))
  const exact = new Set(tests.filter(parts => parts.length === 1).map(parts => parts[0]!))
  const wild = tests.filter(parts => parts.length > 1)
  return contentType => {
    if (contentType === undefined || contentType === '') return absent
    const type = essence(contentType)
    if (exact.has(type)) return true
    return wild.some(
      ([start, end]) => type.length >= start!.length + end!.length && type.startsWith(start!) && type.endsWith(end!)
    )
  }
}

/** JSON by name, or no name at all: data of a decoded endpoint has none yet. */
export const isJsonType: MediaTypeTest = compileMediaTypes(['application/json', 'text/json', 'application/*+json'], true)

/** The media type without parameters, in lower case. */
export function essence(contentType: string): string {
  const end = contentType.indexOf(';')
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
}

/** Says whether a Cache-Control field forbids changing the representation (RFC 9111 §5.2.2.6). */
export function forbidsTransform(cacheControl: string | undefined): boolean {
  return cacheControl !== undefined && /(?:^|[,\s])no-transform(?:[,\s]|$)/i.test(cacheControl)
}
