/**
 * Heads of requests without a body, which most are. undici writes a `Connection` into each, which the gateway takes out again
 * (`omitConnection`): that copies the whole text. Here the head is joined once, with undici's checks. undici then gets no fields,
 * and this head goes out in place of what it writes. A head with anything unusual is left to undici, which writes or refuses it.
 */

import diagnostics from 'node:diagnostics_channel'
import type { Dispatcher } from 'undici'
import { FieldLines } from '../http/field-lines.js'
import type { RawFields } from '../http/fields.js'

/** Fields that undici reads or refuses. */
const READ_BY_UNDICI: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'transfer-encoding',
  'upgrade'
])

const lines = new FieldLines(READ_BY_UNDICI)

/** Tools that watch undici see, and add, fields of its requests. */
const created = diagnostics.channel('undici:request:create')
const sent = diagnostics.channel('undici:client:sendHeaders')

/**
 * Returns the whole head of a call, or undefined where undici is to write it.
 * @param host the line of undici's client: `host: example.org\r\n`
 */
export function headOf(options: Dispatcher.DispatchOptions, host: string): string | undefined {
  if (options.method !== 'GET' || options.body !== null || options.upgrade !== undefined || options.reset === true)
    return undefined
  if (created.hasSubscribers || sent.hasSubscribers) return undefined
  const headers = options.headers as RawFields
  let head = `GET ${options.path} HTTP/1.1\r\n${host}`
  for (let i = 0; i < headers.length; i += 2) {
    const line = lines.of(headers[i]!, headers[i + 1]!)
    if (line === undefined) return undefined
    head += line
  }
  return `${head}\r\n`
}
