/** What collectors answer: partial success (OTLP), and `google.rpc.Status` for failures. */

import { Buffer } from 'node:buffer'
import { bytesField, intField, readFields } from './proto-reader.js'

/** Longest text of a collector that goes to the log. */
const MAX_TEXT = 300

/** What a collector took of a request. */
export interface Success {
  readonly kind: 'sent'
  readonly rejected: number
  readonly message: string
}

/** Reads an `Export…ServiceResponse`: all three signals have `partial_success` with the number first and the text second. */
export function readSuccess(body: Buffer): Success {
  const partial = bytesField(readFields(body), 1)
  if (partial === undefined) return { kind: 'sent', rejected: 0, message: '' }
  const fields = readFields(partial)
  return { kind: 'sent', rejected: intField(fields, 1), message: shortText(bytesField(fields, 2)) }
}

/** Reads the message of a `google.rpc.Status`. */
export function readStatusText(body: Buffer): string {
  return shortText(bytesField(readFields(body), 2))
}

/** Reads the `RetryInfo` of a `google.rpc.Status`, ms; undefined = it has none. */
export function readRetryDelay(status: Buffer): number | undefined {
  for (const [number, detail] of readFields(status)) {
    if (number !== 3 || typeof detail === 'number') continue
    const fields = readFields(detail)
    if (!bytesField(fields, 1)?.toString().endsWith('google.rpc.RetryInfo')) continue
    const delay = readFields(bytesField(readFields(bytesField(fields, 2) ?? NONE), 1) ?? NONE)
    return intField(delay, 1) * 1000 + intField(delay, 2) / 1_000_000
  }
  return undefined
}

const NONE = Buffer.alloc(0)

/** One line without control characters. */
function shortText(bytes: Buffer | undefined): string {
  return bytes === undefined ? '' : oneLine(bytes.toString())
}

/** Makes a text from outside fit for a log line. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').slice(0, MAX_TEXT)
}
