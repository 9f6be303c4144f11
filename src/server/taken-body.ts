import type { IncomingMessage, ServerResponse } from 'node:http'

/** For the developer of the other server: the clients did nothing wrong. */
export const BODY_TAKEN =
  'the body of this request was read before the gateway got it: put gateway.handler before what reads bodies, such as express.json()'

/**
 * Sends 500 for an exchange of another server that has read the request's body, by a body parser for example. Those bytes cannot be
 * sent on, and waiting for them would never end. Returns false for all other exchanges, which it leaves alone.
 */
export function refuseTakenBody(req: IncomingMessage, res: ServerResponse): boolean {
  const ended = req.readableEnded && req.headers['transfer-encoding'] !== undefined
  if (!req.readableDidRead && !ended) return false
  const text = `${BODY_TAKEN}\n`
  res.writeHead(500, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(text) }).end(text)
  return true
}
