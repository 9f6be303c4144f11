import { GatewayError } from '../errors.js'
import { ObjectNode } from '../message/json/node.js'
import { fromValue, toValue } from './json/values.js'
import type { Decoder, Renderer } from './types.js'

/** An encoding added in code; plain values, JSON text never shows. */
export interface CustomEncoding {
  /** Turns a backend's bytes into data; anything but an object is put under `content`. A throw fails the backend. */
  decode?(bytes: Buffer, contentType: string): unknown
  /** Turns an endpoint's data into a body. `data` is undefined when there is no response. */
  render?(data: unknown): { contentType: string; body: string | Uint8Array }
}

export interface AdaptedEncodings {
  readonly decoders: ReadonlyMap<string, Decoder>
  readonly renderers: ReadonlyMap<string, Renderer>
}

/** Brings encodings of library users into the gateway's own form. */
export function adaptEncodings(encodings: Readonly<Record<string, CustomEncoding>>): AdaptedEncodings {
  const decoders = new Map<string, Decoder>()
  const renderers = new Map<string, Renderer>()
  for (const [name, encoding] of Object.entries(encodings)) {
    if (encoding.decode !== undefined) decoders.set(name.toLowerCase(), adaptDecoder(name, encoding))
    if (encoding.render !== undefined) renderers.set(name, adaptRenderer(encoding))
  }
  return { decoders, renderers }
}

function adaptDecoder(name: string, encoding: CustomEncoding): Decoder {
  return async (bytes, { contentType }) => {
    let value: unknown
    try {
      value = await encoding.decode!(bytes, contentType)
    } catch (cause) {
      throw new GatewayError('SLUICE_ERR_UPSTREAM_DECODE', { message: `encoding ${name}: ${(cause as Error).message}`, cause })
    }
    if (value === null) return null
    const node = fromValue(typeof value === 'object' && !Array.isArray(value) ? value : { content: value })
    return node instanceof ObjectNode ? node : ObjectNode.ofText('{}')
  }
}

function adaptRenderer(encoding: CustomEncoding): Renderer {
  return data => {
    const { contentType, body } = encoding.render!(data === undefined ? undefined : data === null ? null : toValue(data))
    return { contentType, body: typeof body === 'string' ? Buffer.from(body) : Buffer.from(body) }
  }
}
