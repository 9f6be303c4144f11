/** A client over real sockets that keeps repeats, order, trailers and interim answers. */

import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { Readable } from 'node:stream'
import { within } from './waiting.js'

export interface Ask {
  /** Default GET. */
  readonly method?: string
  /** Names and values alternating, sent as they are. `Host` is added. */
  readonly headers?: readonly string[]
  readonly body?: string | Uint8Array | Readable
  /** Default: a connection of its own. */
  readonly agent?: Agent
}

export class Answer {
  readonly status: number
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  readonly rawTrailers: readonly string[]
  /** False when the connection ended before the body did. */
  readonly complete: boolean

  constructor(res: IncomingMessage, body: Buffer) {
    this.status = res.statusCode!
    this.rawHeaders = res.rawHeaders
    this.headers = res.headers
    this.body = body
    this.rawTrailers = res.rawTrailers
    this.complete = res.complete
  }

  get text(): string {
    return this.body.toString()
  }

  json<T = unknown>(): T {
    return JSON.parse(this.text) as T
  }

  /** Every value of a field, in order. */
  all(name: string): string[] {
    return this.rawHeaders.filter((_, i) => i % 2 === 1 && this.rawHeaders[i - 1]!.toLowerCase() === name)
  }
}

/** Begins a request and answers its two halves; the request ends when its body does. */
export function begin(port: number, path: string, ask: Ask = {}): { req: ClientRequest; response: Promise<IncomingMessage> } {
  const { method = 'GET', headers = [], body, agent } = ask
  const named = headers.some((one, i) => i % 2 === 0 && one.toLowerCase() === 'host')
  const req = request({
    host: '127.0.0.1',
    port,
    path,
    method,
    headers: (named ? headers : ['Host', 'gw.test', ...headers]) as never,
    agent: agent ?? new Agent({ keepAlive: false })
  })
  const head = new Promise<IncomingMessage>((resolve, reject) => {
    req.on('response', resolve)
    req.on('error', reject)
  })
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) req.end(body)
  else body.pipe(req)
  return { req, response: within(`the answer to ${method} ${path}`, head) }
}

/** Sends a request and reads its answer to the end, whole or cut. */
export async function ask(port: number, path: string, init: Ask = {}): Promise<Answer> {
  const { response } = begin(port, path, init)
  const res = await response
  const chunks: Buffer[] = []
  const answer = new Promise<Answer>(resolve => {
    res.on('data', (chunk: Buffer) => chunks.push(chunk))
    res.on('error', () => {})
    res.on('close', () => resolve(new Answer(res, Buffer.concat(chunks))))
  })
  return within(`the end of the answer to ${path}`, answer)
}
