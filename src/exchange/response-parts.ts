/** What a response object says to a client: its head where no content follows, its body, whether it is a part. */

import { Buffer } from 'node:buffer'
import type { ServerResponse } from 'node:http'
import { GatewayError } from '../errors.js'
import { fieldOf, type RawFields } from '../http/fields.js'
import type { ByteSource } from '../message/byte-flow.js'
import { Pieces } from '../message/pieces.js'
import type { ResponseMessage } from '../message/response.js'
import { describesLength } from './answer-writer.js'
import { withoutField } from './write-head.js'

const EMPTY = Buffer.alloc(0)

/** Returns the body: bytes in memory, or what it flows from. */
export function contentOf(response: ResponseMessage): Buffer | Pieces | ByteSource {
  const body = response.openedBody
  const bytes = body?.sendsTrailers === true ? undefined : body?.bytesInMemory()
  const content = body === undefined ? response.unopened : (bytes ?? body.take())
  if (content === undefined) return EMPTY
  return Buffer.isBuffer(content) || content instanceof Pieces || 'flow' in content ? content : content.bytes()
}

/** Returns the fields of a response without content; to a HEAD they say how long the content would be. */
export function headWithoutContent(res: ServerResponse, response: ResponseMessage): RawFields {
  const { status, unopened } = response
  const raw = describesLength(res, status) ? response.raw : withoutField(response.raw, 'content-length')
  const known = Buffer.isBuffer(unopened) || unopened instanceof Pieces
  if (res.req.method === 'HEAD' && known && fieldOf(raw, 'content-length') === undefined) {
    raw.push('Content-Length', String(unopened.length))
  }
  return raw
}

/** A part that a plugin changed or made is a part of nothing, unless the plugin says of what (RFC 9110 §15.3.7). */
export function checkPart({ call, raw, openedBody }: ResponseMessage): void {
  if (fieldOf(raw, 'content-range') !== undefined || (call !== undefined && openedBody?.untouched !== false)) return
  // several parts, each with a Content-Range of its own
  if (call === undefined && /^multipart\/byteranges\b/i.test(fieldOf(raw, 'content-type') ?? '')) return
  throw new GatewayError('SLUICE_ERR_PLUGIN_FAILED', {
    message: 'a plugin changed the body of a part (206): delete Range from the request, or set Content-Range after the body'
  })
}
