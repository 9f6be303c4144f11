/** Header fields as attributes of spans (`report_headers`): arrays of texts, names in lower case. */

import { type Key, keyOf, textsAttribute } from '../otlp/attributes.js'
import type { ProtoWriter } from '../otlp/proto-writer.js'
import { ATTRIBUTE } from './span-output.js'

/** Fields that hold credentials: never reported. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'x-auth-token',
  'x-amz-security-token',
  'x-vault-token'
])

/** Fields that are no part of KrakenD's messages: how a message is sent, and the host, which is an attribute of its own. */
const NOT_SHOWN: readonly string[] = ['host', 'transfer-encoding']

/** Names whose encoded keys are kept. Clients choose names, so others are encoded each time. */
const MEMORY = 256
/** Most names of one message that are reported. */
const MAX_NAMES = 100

/** Writes fields as attributes, without those that are to be skipped. */
export class FieldReport {
  private readonly skipped: ReadonlySet<string>
  private readonly requestKeys = new Map<string, Key>()
  private readonly responseKeys = new Map<string, Key>()

  /** @param skipped names in any case */
  constructor(skipped: readonly string[]) {
    this.skipped = new Set([...CREDENTIALS, ...NOT_SHOWN, ...skipped.map(name => name.toLowerCase())])
  }

  request(writer: ProtoWriter, raw: readonly string[]): void {
    this.write(writer, raw, 'http.request.header.', this.requestKeys)
  }

  response(writer: ProtoWriter, raw: readonly string[]): void {
    this.write(writer, raw, 'http.response.header.', this.responseKeys)
  }

  private write(writer: ProtoWriter, raw: readonly string[], prefix: string, keys: Map<string, Key>): void {
    const values = new Map<string, string[]>()
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i]!.toLowerCase()
      if (this.skipped.has(name) || name.startsWith(':')) continue
      const known = values.get(name)
      if (known !== undefined) known.push(raw[i + 1]!)
      else if (values.size < MAX_NAMES) values.set(name, [raw[i + 1]!])
    }
    for (const [name, list] of values) {
      let key = keys.get(name)
      if (key === undefined) {
        key = keyOf(prefix + name)
        if (keys.size < MEMORY) keys.set(name, key)
      }
      textsAttribute(writer, ATTRIBUTE, key, list)
    }
  }
}
