import { createServer, request as httpRequest, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { duplexPair, type Readable } from 'node:stream'

/** A request that never touches a port. */
export interface InProcessRequest {
  /** Default GET. */
  readonly method?: string
  /** Path and query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Uint8Array | Readable
}

export interface InProcessResponse {
  readonly status: number
  /** Lower-case names, as node:http gives them. */
  readonly headers: IncomingHttpHeaders
  /** Name and value alternating, as sent. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  text(): string
  json(): unknown
}

/** Serves requests over pairs of streams in memory, through the real HTTP parser on both sides. */
export class InProcessServer {
  private readonly server: Server

  constructor(handler: RequestListener) {
    this.server = createServer(handler)
  }

  /** Sends one request; rejects when the response breaks off. */
  request(init: InProcessRequest): Promise<InProcessResponse> {
    const [near, far] = duplexPair()
    this.server.emit('connection', far)
    far.on('close', () => near.destroy()) // a response that is cut ends the request, as on a socket
    return new Promise((resolve, reject) => {
      const req = httpRequest({
        method: init.method ?? 'GET',
        path: init.path,
        headers: { host: 'in-process', ...init.headers } as Record<string, string>,
        createConnection: () => near as unknown as Socket
      })
      req.on('error', reject)
      req.on('response', res => {
        const chunks: Buffer[] = []
        res.on('data', (chunk: Buffer) => chunks.push(chunk))
        res.on('error', reject)
        res.on('end', () => {
          const body = Buffer.concat(chunks)
          resolve({
            status: res.statusCode!,
            headers: res.headers,
            rawHeaders: res.rawHeaders,
            body,
            text: () => body.toString('utf8'),
            json: () => JSON.parse(body.toString('utf8'))
          })
          near.destroy()
          far.destroy()
        })
      })
      const { body } = init
      // node:http frames the body of a GET, HEAD, DELETE or OPTIONS only when this is set
      if (body !== undefined && !req.hasHeader('content-length')) req.useChunkedEncodingByDefault = true
      if (body === undefined) req.end()
      else if (typeof body === 'string' || body instanceof Uint8Array) req.end(body)
      else body.pipe(req)
    })
  }
}
