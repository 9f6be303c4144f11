/** The words `encoding` and `output_encoding`: which are known, and what is said of others. */

import { DECODER_NAMES } from '../encoding/decoders.js'
import { RENDERER_NAMES } from '../encoding/renderers.js'
import type { ObjectReader } from './object-reader.js'
import { lettersOf, nearest } from './suggest.js'

const NO_OP = 'no-op'

/** Names that KrakenD's Enterprise edition adds; the open one reads them as `json`, with the same outcome. */
const READ_AS_JSON = ['fast-json']

/** Reads `encoding` of a backend: lower-cased, `json` when it is empty. */
export function readEncoding(reader: ObjectReader, added: ReadonlySet<string>): string {
  const encoding = reader.string('encoding', '').toLowerCase()
  if (encoding === '') return 'json'
  if (encoding === 'json') return encoding
  const known = [...DECODER_NAMES, NO_OP, ...READ_AS_JSON, ...added]
  // A decoded endpoint decodes this backend as JSON whatever spelling of no-op stands here.
  const isNoOp = lettersOf(encoding) === lettersOf(NO_OP)
  if (!known.includes(encoding)) report(reader, 'encoding', encoding, known, isNoOp)
  return encoding
}

/** Reads `output_encoding`, '' when it is not given. Case counts, as in KrakenD. */
export function readOutputEncoding(reader: ObjectReader, added: ReadonlySet<string>): string {
  const encoding = reader.string('output_encoding', '')
  if (encoding === '' || encoding === NO_OP || encoding === 'json') return encoding
  const known = [...RENDERER_NAMES, NO_OP, ...READ_AS_JSON, ...added]
  const isJson = lettersOf(encoding) === 'json'
  if (!known.includes(encoding)) report(reader, 'output_encoding', encoding, known, isJson)
  return encoding
}

/** A word that is near a known one is a misspelled one: an error. Others may be meant for a gateway with encodings of its own. */
function report(reader: ObjectReader, key: string, encoding: string, known: readonly string[], harmless: boolean): void {
  const near = nearest(encoding, known)
  const severity = near === undefined || harmless ? 'warning' : 'error'
  const suggestion = near === undefined ? `one of ${known.join(', ')}` : `did you mean \`${near}\`?`
  reader.findings.add(severity, reader.at(key), `unknown ${key} '${encoding}', json is used`, suggestion)
}
