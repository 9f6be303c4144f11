/** Fields that a Go plugin has changed, on messages of the gateway. Framing is the gateway's: what Go says about it is left out. */

import { isFraming, lowerName } from '../../../http/fields.js'
import type { FieldMap } from '../../../message/field-map.js'
import type { ResponseMessage } from '../../../message/response.js'
import type { FieldEdit } from './go-messages.js'

/** @throws TypeError for an illegal name or value */
export function applyEdits(headers: FieldMap, edits: readonly FieldEdit[]): void {
  for (const { name, values } of edits) {
    const lower = lowerName(name)
    if (isFraming(lower) || lower === 'host') continue
    if (values.length === 0) headers.delete(name)
    else headers.set(name, values.length === 1 ? values[0]! : values)
  }
}

const LINE_BREAKS = /[\r\n]/g
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const ILLEGAL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/

/** The fields of a response that Go makes: as net/http, line breaks become spaces and what is no name is left out. */
export function sendable(raw: readonly string[]): string[] {
  const out: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!
    const value = raw[i + 1]!
    // also what announces trailers
    if (!NAME.test(name) || ILLEGAL.test(value)) continue
    out.push(name, value.includes('\n') || value.includes('\r') ? value.replace(LINE_BREAKS, ' ') : value)
  }
  return out
}

/** What the plugin set before stands in front of the fields of the response; its Content-Type takes the place of the other one. */
export function addFields({ headers }: ResponseMessage, added: readonly string[]): void {
  if (added.length === 0) return
  const fields = sendable(added)
  const front: string[] = []
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!
    const lower = lowerName(name)
    if (isFraming(lower)) continue
    if (lower === 'content-type') headers.set(name, fields[i + 1]!)
    else front.push(name, fields[i + 1]!)
  }
  headers.raw.unshift(...front)
}
