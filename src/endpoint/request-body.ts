import type { CallBody } from '../backend/transport.js'
import { GatewayError } from '../errors.js'
import { CollectSink } from '../message/collect-sink.js'
import type { RequestMessage } from '../message/request.js'

/** Returns a request's body for one backend: bytes when they are in memory, else the source, which flows once. */
export function bodyForOne(request: RequestMessage): CallBody | Promise<CallBody> {
  const opened = request.openedBody
  if (opened === undefined) return request.bodySource
  if (opened.busy) return opened.takeWhenSettled()
  return opened.bytesInMemory() ?? opened.take()
}

/**
 * Returns a request's body as bytes that several backends may send.
 * @throws GatewayError SLUICE_ERR_CLIENT_BODY_TOO_LARGE (413) beyond `limit` bytes
 */
export function bodyForMany(request: RequestMessage, limit: number): Promise<Buffer | undefined> | undefined {
  if (request.openedBody !== undefined) return request.body.buffer(limit).then(bytes => (bytes.length === 0 ? undefined : bytes))
  const source = request.bodySource
  if (source === undefined) return undefined
  if (source.length !== undefined && source.length > limit) return Promise.reject(tooLargeForMany(limit))
  return new Promise((resolve, reject) => {
    source.flow(
      new CollectSink(source, limit, (error, bytes) => {
        if (error === undefined) resolve(bytes.length === 0 ? undefined : bytes)
        else reject(error.code === 'SLUICE_ERR_BODY_TOO_LARGE' ? tooLargeForMany(limit) : error)
      })
    )
  })
}

function tooLargeForMany(limit: number): GatewayError {
  return new GatewayError('SLUICE_ERR_CLIENT_BODY_TOO_LARGE', { limit: `max_body_bytes=${limit}` })
}
