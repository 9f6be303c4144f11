/**
 * The revoker as plain HTTP, on a port of its own: `POST /add`, `POST /check`, `POST /union`, `GET /filter`.
 *
 * It decides who is let in, so it is strict: no request of a browser, a token where the port is open to others, bounded bodies and times.
 */

import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { NotEverywhere } from './book-record.js'
import { marshal, maxMarshalledBytes, UnionRefused } from './marshalled.js'
import type { OpenBook } from './revocation-book.js'
import { MAX_ELEMENT_BYTES, MAX_LIST_BYTES } from './rpc-calls.js'
import { inSlices } from './sliding-filter.js'

/** What one configuration serves. */
export interface HttpTarget {
  readonly book: OpenBook
  readonly ttlSeconds: number
  /** '' = every program that reaches the port. */
  readonly token: string
  /** Told what is no fault of the client. */
  readonly failed: (error: Error) => void
}

/** What one request meets. */
interface Task extends HttpTarget {
  readonly res: ServerResponse
  readonly heavy: OneAtATime
}

/** Whole filters are large: one of them at a time is in memory. */
class OneAtATime {
  private busy = false

  /**
   * Runs `work`; the next one may run when the client has taken `res`, or has left.
   * @rejects Refused while another one runs
   */
  async run<T>(res: ServerResponse, work: () => Promise<T>): Promise<T> {
    if (this.busy) throw new Refused(503, 'another filter is being read or written')
    this.busy = true
    const free = (): void => {
      this.busy = false
    }
    try {
      return await work()
    } finally {
      if (res.destroyed) free()
      else res.once('close', free)
    }
  }
}

/** A response that is no success. */
class Refused extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const MAX_CONNECTIONS = 32
const MAX_HEAD_BYTES = 8 * 1024
/** ms for a head, and for a whole request. */
const HEAD_MS = 5_000
const REQUEST_MS = 30_000
/** ms in which a client must take some of its response. */
const IDLE_MS = 30_000

/** Makes the server; it does not listen yet. `current` returns what the configuration in force serves. */
export function createHttpServer(current: () => HttpTarget): Server {
  const limits = { headersTimeout: HEAD_MS, requestTimeout: REQUEST_MS, maxHeaderSize: MAX_HEAD_BYTES }
  const heavy = new OneAtATime()
  const server = createServer(limits, (req, res) => {
    void serve(req, { ...current(), res, heavy })
  })
  server.maxConnections = MAX_CONNECTIONS
  return server
}

async function serve(req: IncomingMessage, task: Task): Promise<void> {
  const { res } = task
  try {
    const body = await route(req, task)
    if (body instanceof Uint8Array) send(res, 200, 'application/octet-stream', body)
    else send(res, 200, 'application/json', JSON.stringify(body))
  } catch (cause) {
    const refusal = refusalFor(cause)
    if (refusal === undefined && !req.destroyed) task.failed(cause as Error)
    const status = refusal?.status ?? 500
    if (status === 503) res.setHeader('Retry-After', '1')
    if (status === 401) res.setHeader('WWW-Authenticate', 'Bearer')
    // what is left of a body is not read
    if (!req.complete) res.setHeader('Connection', 'close')
    send(res, status, 'application/json', JSON.stringify({ error: refusal?.message ?? 'internal error' }))
  }
}

function send(res: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  if (res.destroyed) return
  res.setTimeout(IDLE_MS)
  res.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), 'Cache-Control': 'no-store' })
  res.end(body)
}

async function route(req: IncomingMessage, { book, ttlSeconds, token, res, heavy }: Task): Promise<object | Uint8Array> {
  checkCaller(req, token)
  const { filter } = book
  const path = (req.url ?? '').split('?', 1)[0]!
  switch (path) {
    case '/add': {
      const elements = await readElements(req)
      await book.add(elements)
      return { count: elements.length }
    }
    case '/check':
      return { checks: await inSlices(await readElements(req), book.has) }
    case '/union':
      expect(req, 'POST', 'application/octet-stream')
      return heavy.run(res, async () => {
        const bytes = await readBody(req, maxMarshalledBytes(filter))
        await book.unite(bytes)
        return { capacity: filter.fill }
      })
    case '/filter':
      expect(req, 'GET')
      return heavy.run(res, () => marshal(filter, ttlSeconds))
    default:
      throw new Refused(404, 'POST /add, POST /check, POST /union and GET /filter are there')
  }
}

function refusalFor(cause: unknown): Refused | undefined {
  if (cause instanceof Refused) return cause
  if (cause instanceof UnionRefused) return new Refused(400, cause.message)
  return cause instanceof NotEverywhere ? new Refused(503, cause.message) : undefined
}

/**
 * A page in a browser on the same machine can send requests here too: those have an Origin, say that they come from a page, or have a
 * Host that leads elsewhere.
 */
function checkCaller({ headers, socket }: IncomingMessage, token: string): void {
  const from = headers['sec-fetch-site'] ?? 'none'
  if (headers.origin !== undefined || from !== 'none') throw new Refused(403, 'requests of web pages are refused')
  const { localAddress = '' } = socket
  if (token === '' && isLoopback(localAddress) && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i.test(headers.host ?? ''))
    throw new Refused(403, 'the Host of the request is not this machine')
  if (token !== '' && !same(headers.authorization ?? '', `Bearer ${token}`)) throw new Refused(401, 'a token is needed')
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}

/** Compares in a time that does not depend on where texts differ. */
function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

function expect({ method, headers }: IncomingMessage, wanted: 'GET' | 'POST', type?: string): void {
  if (method !== wanted) throw new Refused(405, `${wanted} is expected`)
  const sent = (headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()
  if (type !== undefined && sent !== type) throw new Refused(415, `Content-Type: ${type} is expected`)
}

/** Reads `{"elems": ["jti-abc"]}`. */
async function readElements(req: IncomingMessage): Promise<Buffer[]> {
  expect(req, 'POST', 'application/json')
  const text = (await readBody(req, MAX_LIST_BYTES)).toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Refused(400, 'the body is not JSON')
  }
  const elems: unknown = typeof value === 'object' && value !== null ? (value as { elems?: unknown }).elems : undefined
  if (!Array.isArray(elems) || !elems.every(one => typeof one === 'string' && one !== ''))
    throw new Refused(400, 'expected {"elems": ["claim-value", …]}')
  const elements = elems.map((one: string) => Buffer.from(one))
  if (elements.some(one => one.length > MAX_ELEMENT_BYTES))
    throw new Refused(400, `an element has more than ${MAX_ELEMENT_BYTES} bytes`)
  return elements
}

async function readBody(req: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const tooLarge = new Refused(413, `the body has more than ${limitBytes} bytes`)
  if (Number(req.headers['content-length'] ?? 0) > limitBytes) throw tooLarge
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    length += (chunk as Buffer).length
    if (length > limitBytes) throw tooLarge
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}
