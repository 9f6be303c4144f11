import { GatewayError } from '../errors.js'
import { fieldOf } from '../http/fields.js'
import type { ResponseMessage } from '../message/response.js'

/** A part that a plugin changed or made is a part of nothing, unless the plugin says of what (RFC 9110 §15.3.7). */
export function checkPart({ call, raw, openedBody }: ResponseMessage): void {
  if (fieldOf(raw, 'content-range') !== undefined || (call !== undefined && openedBody?.untouched !== false)) return
  // several parts, each with a Content-Range of its own
  if (call === undefined && /^multipart\/byteranges\b/i.test(fieldOf(raw, 'content-type') ?? '')) return
  throw new GatewayError('SLUICE_ERR_PLUGIN_FAILED', {
    message: 'a plugin changed the body of a part (206): delete Range from the request, or set Content-Range after the body'
  })
}
