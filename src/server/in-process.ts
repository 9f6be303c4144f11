/**
 * Requests without a port: pairs of streams in memory, through the real HTTP parser on both sides. A head that a listener refuses is
 * refused here with the same response.
 */

import {
  type ClientRequest,
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse
} from 'node:http'
import type { Socket } from 'node:net'
import { type Duplex, duplexPair, type Readable } from 'node:stream'
import { type ClientErrorInfo, endWithRefusal, infoOf, REFUSALS, type Refusal, refusalFields, refusalOf } from './client-error.js'
import { headBytesOf } from './http1-settings.js'
import type { Limits } from './limits.js'
import { judgeHead, MAX_HEADER_FIELDS } from './request-rules.js'

/** A request that never touches a port. */
export interface InProcessRequest {
  /** Default GET. */
  readonly method?: string
  /** Path and query. */
  readonly path: string
  /** Default: none but `Host`. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Default: none. A text is sent as UTF-8. */
  readonly body?: string | Uint8Array | Readable
}

/** A response whose body has been read whole. */
export interface InProcessResponse {
  /** The status of the final response. */
  readonly status: number
  /** Lower-case names, as node:http gives them. */
  readonly headers: IncomingHttpHeaders
  /** Name and value alternating, as sent. */
  readonly rawHeaders: readonly string[]
  /** The bytes as they were sent: a Content-Encoding is not undone. */
  readonly body: Buffer
  /** The body as UTF-8. */
  text(): string
  /** The body as JSON. Throws SyntaxError for what is none. */
  json(): unknown
}

/** What serves requests, and what is told of those that are refused. */
export interface InProcessOptions {
  readonly onRequest: RequestListener
  /** Those of the configuration that serves. */
  readonly limits: () => Pick<Limits, 'maxHeaderBytes'>
  readonly onClientError: (info: ClientErrorInfo) => void
}

/** The head of a response is the gateway's own, so only its size in memory counts. */
const MAX_RESPONSE_HEAD_BYTES = 64 * 1024 * 1024

export class InProcessServer {
  private readonly options: InProcessOptions
  private server: Server | undefined
  private headBytes = 0
  /** Ends of connections that have brought a request. */
  private readonly served = new WeakSet<Duplex>()

  constructor(options: InProcessOptions) {
    this.options = options
  }

  /** Sends one request; rejects when the response breaks off. */
  request(init: InProcessRequest): Promise<InProcessResponse> {
    const [near, far] = duplexPair()
    far.on('close', () => near.destroy()) // a response that is cut ends the request, as on a socket
    const connect = (): Socket => {
      this.serverOf(headBytesOf(this.options.limits())).emit('connection', far)
      return near as unknown as Socket
    }
    return new Promise<InProcessResponse>((resolve, reject) => {
      const req = httpRequest({
        method: init.method ?? 'GET',
        path: init.path,
        headers: { host: 'in-process', ...init.headers } as Record<string, string>,
        createConnection: connect,
        maxHeaderSize: MAX_RESPONSE_HEAD_BYTES
      })
      req.maxHeadersCount = 0
      req.on('error', reject)
      req.on('response', res => collect(res, res, []).then(resolve, reject))
      req.on('connect', (res, socket, head) => collect(res, socket, [head]).then(resolve, reject))
      sendBody(req, init.body)
    }).finally(() => {
      near.destroy()
      far.destroy()
    })
  }

  private serverOf(headBytes: number): Server {
    if (this.server !== undefined && this.headBytes === headBytes) return this.server
    const server = createServer({ maxHeaderSize: headBytes, requireHostHeader: false, insecureHTTPParser: false })
    server.maxHeadersCount = MAX_HEADER_FIELDS + 200
    server.on('request', (request, response) => this.serve(request, response))
    server.on('checkExpectation', (request, response) => this.refuse(request, response, REFUSALS.expectation))
    server.on('connect', (request, socket) => this.end(socket, REFUSALS.connect, request))
    server.on('clientError', (error, socket) => this.onClientError(error, socket))
    this.server = server
    this.headBytes = headBytes
    return server
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    this.served.add(request.socket)
    const refused = judgeHead(request)
    if (refused !== undefined) this.refuse(request, response, refused)
    else this.options.onRequest(request, response)
  }

  private refuse(request: IncomingMessage, response: ServerResponse, refused: Refusal): void {
    response.writeHead(refused.status, refusalFields(refused)).end(refused.text)
    this.tell(request.socket, refused, request)
  }

  private onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (this.served.has(socket)) return // bytes behind the one request of this connection
    const refused = refusalOf(error)
    if (refused === undefined) socket.destroy()
    else this.end(socket, refused, undefined, error.code)
  }

  private end(socket: Duplex, refused: Refusal, request?: IncomingMessage, detail = refused.text): void {
    endWithRefusal(socket as Socket, refused)
    this.tell(socket, refused, request, detail)
  }

  private tell(socket: Duplex, refused: Refusal, request?: IncomingMessage, detail = refused.text): void {
    this.options.onClientError(infoOf({ socket: socket as Socket, request, refused, detail, status: refused.status }))
  }
}

function sendBody(req: ClientRequest, body: InProcessRequest['body']): void {
  // node:http frames the body of a GET, HEAD, DELETE or OPTIONS only when this is set
  if (body !== undefined && !req.hasHeader('content-length')) req.useChunkedEncodingByDefault = true
  if (body === undefined) req.end()
  else if (typeof body === 'string' || body instanceof Uint8Array) req.end(body)
  else body.on('error', error => req.destroy(error)).pipe(req)
}

/** Resolves when the body of a response has come; behind CONNECT it is what `from` brings. */
function collect(res: IncomingMessage, from: Readable, chunks: Buffer[]): Promise<InProcessResponse> {
  return new Promise((resolve, reject) => {
    from.on('data', (chunk: Buffer) => chunks.push(chunk))
    from.on('error', reject)
    from.on('end', () => {
      const body = Buffer.concat(chunks)
      resolve({
        status: res.statusCode!,
        headers: res.headers,
        rawHeaders: res.rawHeaders,
        body,
        text: () => body.toString('utf8'),
        json: () => JSON.parse(body.toString('utf8'))
      })
    })
  })
}
