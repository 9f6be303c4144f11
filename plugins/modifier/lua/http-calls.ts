/** Requests of scripts, within the time of their exchange, as Go's default client makes them; and their responses. */

import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { connectFailure, omitConnection } from 'sluice/plugin'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import { bufferToLua, LuaFailure, raise, textToLua } from './engine/index.js'
import { canonicalName } from './field-names.js'

/** As Go follows them. */
const MOST_REDIRECTS = 10

/** One request of a script. */
export interface Call {
  readonly url: string
  readonly method: string
  readonly body: Buffer | undefined
  /** Name and value alternating. */
  readonly fields: readonly string[]
}

/** The connections that scripts of a gateway use. */
export class HttpCalls {
  private readonly agent: Agent
  readonly userAgent: string
  /** bytes; most of a body that a script reads. */
  readonly limit: number

  constructor(agent: Agent, userAgent: string, limit: number) {
    this.agent = agent
    this.userAgent = userAgent
    this.limit = limit
  }

  static agent(): Agent {
    const connect = buildConnector({})
    return new Agent({
      connect: (options, done) =>
        connect(options, (...outcome) => {
          if (!outcome[1]) return done(connectFailure(outcome[0]!), null)
          omitConnection(outcome[1], false)
          done(...outcome)
        })
    })
  }

  /** @throws LuaFailure with Go's text */
  async send(call: Call, signal: AbortSignal): Promise<HttpAnswer> {
    let { url, method, body } = call
    let referer: string | undefined
    for (let hop = 0; ; hop++) {
      const answer = await this.once({ ...call, url, method, body }, referer, signal, call)
      const location = locationOf(answer)
      if (location === undefined) return new HttpAnswer(answer, this.limit)
      await answer.body.dump()
      if (hop === MOST_REDIRECTS) throw goFailure(call, url, `stopped after ${MOST_REDIRECTS} redirects`)
      if (!URL.canParse(location, url)) throw goFailure(call, url, `failed to parse Location header "${location}"`)
      const next = new URL(location, url)
      if (!isWeb(next)) throw goFailure(call, next.href, `unsupported protocol scheme "${next.protocol.slice(0, -1)}"`)
      // RFC 9110 §15.4
      if (answer.statusCode < 307 && method !== 'HEAD') [method, body] = ['GET', undefined]
      referer = url.startsWith('https:') && next.protocol === 'http:' ? undefined : url
      url = next.href
    }
  }

  private async once(
    { url, method, body, fields }: Call,
    referer: string | undefined,
    signal: AbortSignal,
    first: Call
  ): Promise<Dispatcher.ResponseData> {
    const { origin, pathname, search } = new URL(url)
    const sameOrigin = origin === new URL(first.url).origin
    const headers = sameOrigin ? fields.slice() : withoutCredentials(fields)
    const add = (name: string, value: string): void => {
      if (!headers.some((part, i) => i % 2 === 0 && part === name)) headers.push(name, value)
    }
    add('User-Agent', this.userAgent)
    add('Accept-Encoding', 'gzip')
    if (referer !== undefined) add('Referer', referer)
    try {
      return await this.agent.request({
        origin,
        path: pathname + search,
        method: method as Dispatcher.HttpMethod,
        headers,
        signal,
        ...(body === undefined ? {} : { body })
      })
    } catch (cause) {
      throw goFailure(first, url, goReason(cause, signal))
    }
  }
}

/** What another origin does not get. */
function withoutCredentials(fields: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i < fields.length; i += 2)
    if (!/^(?:authorization|cookie|cookie2|www-authenticate)$/i.test(fields[i]!)) kept.push(fields[i]!, fields[i + 1]!)
  return kept
}

export const isWeb = (url: URL): boolean => url.protocol === 'http:' || url.protocol === 'https:'

function locationOf({ statusCode, headers }: Dispatcher.ResponseData): string | undefined {
  const redirects = statusCode === 301 || statusCode === 302 || statusCode === 303 || statusCode === 307 || statusCode === 308
  const { location } = headers
  return redirects && typeof location === 'string' && location !== '' ? location : undefined
}

function goFailure({ method }: Call, url: string, reason: string): LuaFailure {
  const verb = method.slice(0, 1) + method.slice(1).toLowerCase()
  return new LuaFailure(`${verb} "${url}": ${reason}`)
}

interface SocketFailure {
  readonly code?: unknown
  readonly address?: unknown
  readonly port?: unknown
  readonly hostname?: unknown
  readonly message?: unknown
}

/** The words of Go's client. */
function goReason(cause: unknown, signal: AbortSignal): string {
  if (signal.aborted) {
    const { name, message } = signal.reason as Error
    return name === 'TimeoutError' ? 'context deadline exceeded' : message
  }
  const errors = cause instanceof AggregateError && cause.errors.length > 0 ? cause.errors : [cause]
  const { code, address, port, hostname, message } = errors[0] as SocketFailure
  const host = typeof address === 'string' && address.includes(':') ? `[${address}]` : String(address)
  if (code === 'ECONNREFUSED') return `dial tcp ${host}:${String(port)}: connect: connection refused`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${String(hostname)}: no such host`
  if (code === 'UND_ERR_SOCKET') return 'EOF'
  return String(message)
}

/** A response to a script. Its body is read when the script asks for it. */
export class HttpAnswer {
  readonly statusCode: number
  /** Values by canonical name. */
  readonly headers = new Map<string, string[]>()
  private readonly limit: number
  private readonly stream: Readable
  private text: Promise<string> | string | undefined = undefined
  private closed = false

  constructor({ statusCode, headers, body }: Dispatcher.ResponseData, limit: number) {
    this.statusCode = statusCode
    this.limit = limit
    for (const [name, value] of Object.entries(headers)) {
      const values = Array.isArray(value) ? value : value === undefined ? [] : [value]
      this.headers.set(canonicalName(name), values.map(textToLua))
    }
    this.stream = body
    body.on('error', () => {})
    if (this.headers.get('Content-Encoding')?.[0] !== 'gzip') return
    // asked for by this client, so its script sees neither the coding nor the length
    this.headers.delete('Content-Encoding')
    this.headers.delete('Content-Length')
    const gunzip = createGunzip()
    body.on('error', error => gunzip.destroy(error))
    gunzip.on('close', () => body.destroy())
    gunzip.on('error', () => {})
    this.stream = body.pipe(gunzip)
  }

  body(): Promise<string> | string {
    if (this.text !== undefined) return this.text
    if (this.closed) raise('http: read on closed response body')
    this.text = this.read()
    return this.text
  }

  private async read(): Promise<string> {
    const chunks: Buffer[] = []
    let length = 0
    try {
      for await (const chunk of this.stream as AsyncIterable<Buffer>) {
        length += chunk.length
        if (length > this.limit) throw new Error(`the body is larger than ${this.limit} bytes`)
        chunks.push(chunk)
      }
    } catch (cause) {
      throw new LuaFailure((cause as Error).message)
    }
    this.text = bufferToLua(Buffer.concat(chunks))
    return this.text
  }

  /** Idempotent. */
  close(): void {
    this.closed = true
    this.stream.destroy()
  }
}
