/** The client of the test kit: sends a request over a real socket and can go away at any moment. */

import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'

/** What is sent. */
export interface ClientRequestInit {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Uint8Array
}

/** What a client saw: a whole response, or one that it can see to be cut. */
export interface ClientOutcome {
  readonly whole: boolean
  /** 0 = not even a head. */
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** One exchange over a connection of its own. */
export class TestClient {
  /** Settles when the exchange is over for the client; never rejects. */
  readonly outcome: Promise<ClientOutcome>
  /** Called when the head of the response has come, and when bytes of its body have. */
  onEvent: (what: 'head' | 'bytes') => void = () => {}
  private readonly req: ClientRequest

  /** @param half sends only half of the body and keeps the rest back */
  constructor(port: number, init: ClientRequestInit, half = false) {
    const body = init.body === undefined ? undefined : Buffer.from(init.body)
    const length = body === undefined || hasLength(init.headers) ? {} : { 'content-length': body.length }
    const req = httpRequest({
      host: '127.0.0.1',
      port,
      agent: false,
      method: init.method,
      path: init.path,
      headers: { host: 'in-process', ...length, ...init.headers } as Record<string, string>
    })
    this.req = req
    this.outcome = new Promise(resolve => {
      let head: IncomingMessage | undefined
      const chunks: Buffer[] = []
      const over = (whole: boolean): void =>
        resolve({ whole, status: head?.statusCode ?? 0, headers: head?.headers ?? {}, body: Buffer.concat(chunks) })
      req.on('error', () => over(false))
      req.on('close', () => over(false))
      req.on('response', res => {
        head = res
        this.onEvent('head')
        res.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
          this.onEvent('bytes')
        })
        res.on('error', () => over(false))
        res.on('end', () => over(res.complete))
      })
    })
    if (body === undefined) req.end()
    else if (half) req.write(body.subarray(0, Math.max(1, body.length >> 1)))
    else req.end(body)
  }

  /** Goes away without a word. */
  leave(): void {
    this.req.destroy()
  }
}

function hasLength(headers: ClientRequestInit['headers'] = {}): boolean {
  return Object.keys(headers).some(name => /^(?:content-length|transfer-encoding)$/i.test(name))
}
