/** `body.Modifier` and `status.Modifier`: what the gateway goes on with in place of what was sent. */

import type { Readable } from 'node:stream'
import type { GatewayRequest, GatewayResponse } from 'sluice/plugin'
import { parseByteRange } from '../../_shared/byte-range.js'
import { onTheWire } from '../../_shared/on-the-wire.js'
import { type Edits, editFailure } from './edits.js'
import type { OptionKeys } from './option-keys.js'
import type { Place } from './place.js'

export function bodyModifier(keys: OptionKeys): Edits {
  const type = onTheWire(keys.text('contentType'))
  if (/[^\t\x20-\x7e\x80-\xff]/.test(type)) keys.faults.add(keys.at('contentType'), 'a header field holds no control characters')
  const bytes = decodeBase64(keys)
  return {
    request: request => {
      request.body.set(bytes)
      request.headers.set('Content-Type', type)
    },
    response: (response, request) => {
      if (response.upgraded) return
      replaceBody(response, request, bytes.length, (from, to) => bytes.subarray(from, to + 1))
      response.headers.set('Content-Type', type)
    }
  }
}

/** Standard base64 with its padding, as Go reads it: line ends do not count. */
function decodeBase64(keys: OptionKeys): Buffer {
  const text = keys.text('body').replace(/[\r\n]/g, '')
  if (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return Buffer.from(text, 'base64')
  keys.faults.add(keys.at('body'), 'not base64: write the text as base64, such as the output of `base64 -w0 FILE`')
  return Buffer.alloc(0)
}

/** Replaces a response's body by one of `size` bytes, or by the range of it that the request asks for. */
export function replaceBody(
  response: GatewayResponse,
  request: GatewayRequest,
  size: number,
  part: (from: number, to: number) => Uint8Array | Readable
): void {
  const wanted = request.headers.getAll('range')[0] ?? ''
  const range = wanted === '' ? undefined : parseByteRange(wanted, size)
  response.giveBody()
  const { headers } = response
  if (range === 'none') {
    response.body.set('')
    response.status = 416
    headers.set('Content-Range', `bytes */${size}`)
  } else if (range !== undefined) {
    response.body.set(part(range.from, range.to))
    response.status = 206
    headers.set('Content-Range', `bytes ${range.from}-${range.to}/${size}`)
  } else {
    response.body.set(part(0, size - 1))
    if (response.status === 206) response.status = 200
    headers.delete('content-range')
  }
}

export function statusModifier(keys: OptionKeys, place: Place): Edits {
  const status = keys.integer('statusCode')
  const legal = status >= 200 && status <= 599
  if (status === 0) {
    const outcome = place.decoded ? 'every call fails' : 'it is 200'
    keys.faults.warn(keys.at('statusCode'), `no status is given: ${outcome}`)
  } else if (!legal) keys.faults.addMounted(keys.at('statusCode'), 'a status is a number from 200 to 599')
  if (!legal && (place.decoded || status !== 0)) {
    return {
      response: () => {
        throw editFailure(`invalid status code ${status}`)
      }
    }
  }
  return {
    response: response => {
      if (response.upgraded) return
      const next = status === 0 ? 200 : status
      if (isBodiless(response.status) && !isBodiless(next)) response.giveBody()
      response.status = next
    }
  }
}

const isBodiless = (status: number): boolean => status === 204 || status === 304
