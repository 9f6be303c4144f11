/**
 * How exchanges and connections of HTTP/1 end while a request body is still on its way, so that the client reads its response.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { connectionOf } from './connection.js'

/** Sends 500 when nothing was sent yet, else breaks the connection: a cut response must look cut. */
export function abandon(response: ServerResponse): void {
  if (response.headersSent) response.destroy()
  else response.writeHead(500, ['Content-Length', '0']).end()
}

/** Tells the reader of a request body that the rest will not come. The socket stays open for the refusal. */
export function failRequest(request: IncomingMessage, error: Error): void {
  request._destroy = (cause, done) => done(request.listenerCount('error') > 0 ? cause : null)
  request.aborted = true
  request.emit('aborted')
  request.destroy(error)
}

/**
 * Replaces `socket.destroySoon`: while a body is on its way a plain close resets the connection, and the client loses its response.
 */
export function destroySoonPolitely(this: Socket): void {
  const connection = connectionOf(this)
  if (connection === undefined || connection.request?.complete !== false) {
    Socket.prototype.destroySoon.call(this)
    return
  }
  connection.failed = true
  connection.linger(performance.now())
  this.end()
}

/**
 * Reads the rest of a body that no handler wanted, up to a cap. Stands before node:http's listener, which would drop the rest
 * uncounted unless a handler has read from the request.
 */
export function dropRest(this: ServerResponse): void {
  const request = this.req
  if (request.complete || request.destroyed) return
  connectionOf(request.socket)?.linger(performance.now())
  request.read()
  request.on('data', cutWhenTooMuch)
  request.resume()
}

function cutWhenTooMuch(this: IncomingMessage): void {
  if (connectionOf(this.socket)?.lingeredOut(performance.now())) this.socket.destroy()
}
