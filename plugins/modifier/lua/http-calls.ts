/** Requests of scripts, within the time of their exchange, as Go's default client makes them; and their responses. */

import type { Readable } from 'node:stream'
import { createGunzip, type Gunzip } from 'node:zlib'
import { connectFailure, GatewayError, type GatewayRequest, type OwnCall, omitConnection, traceCall } from 'sluice/plugin'
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

  /**
   * @param request that the script works on; undefined = the call is part of no trace
   * @throws LuaFailure with Go's text
   */
  async send(given: Call, signal: AbortSignal, request?: GatewayRequest): Promise<HttpAnswer> {
    const call = { ...given, fields: withField(given.fields, 'User-Agent', this.userAgent) }
    const traced = request && traceCall(request, { ...call, bodyBytes: call.body?.length ?? 0 })
    try {
      const answer = await this.follow(traced === undefined ? call : { ...call, fields: traced.fields }, signal)
      return new HttpAnswer(answer, this.limit, traced)
    } catch (error) {
      traced?.ended(error instanceof LuaFailure ? (error.cause ?? error) : error)
      throw error
    }
  }

  /** Returns the first response that is no redirect. */
  private async follow(call: Call, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    let { url, method, body } = call
    let referer: string | undefined
    for (let hop = 0; ; hop++) {
      const answer = await this.once({ ...call, url, method, body }, referer, signal, call)
      const location = locationOf(answer)
      if (location === undefined) return answer
      await answer.body.dump()
      if (hop === MOST_REDIRECTS) throw goFailure(call, url, `stopped after ${MOST_REDIRECTS} redirects`, TOO_MANY)
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
    const kept = withField(sameOrigin ? fields : withoutCredentials(fields), 'Accept-Encoding', 'gzip')
    const headers = referer === undefined ? kept : withField(kept, 'Referer', referer)
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
      throw goFailure(first, url, goReason(cause, signal), signal.aborted ? signal.reason : cause)
    }
  }
}

const TOO_MANY = new GatewayError('SLUICE_ERR_UPSTREAM_REDIRECT')

/** Returns a copy that has the field; one that is there stays. */
function withField(fields: readonly string[], name: string, value: string): string[] {
  return fields.some((part, i) => i % 2 === 0 && part === name) ? fields.slice() : [...fields, name, value]
}

/** What another origin does not get. */
function withoutCredentials(fields: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i < fields.length; i += 2)
    if (!/^(?:authorization|cookie|cookie2|www-authenticate)$/i.test(fields[i]!)) kept.push(fields[i]!, fields[i + 1]!)
  return kept
}

export const isWeb = (url: URL): boolean => url.protocol === 'http:' || url.protocol === 'https:'

/** A field as names and values in turn. */
const fieldsOf = ([name, value]: [string, string | string[] | undefined]): string[] =>
  [value ?? []].flat().flatMap(one => [name, one])

function locationOf({ statusCode, headers }: Dispatcher.ResponseData): string | undefined {
  const redirects = statusCode === 301 || statusCode === 302 || statusCode === 303 || statusCode === 307 || statusCode === 308
  const { location } = headers
  return redirects && typeof location === 'string' && location !== '' ? location : undefined
}

function goFailure({ method }: Call, url: string, reason: string, cause?: unknown): LuaFailure {
  const verb = method.slice(0, 1) + method.slice(1).toLowerCase()
  const failure = new LuaFailure(`${verb} "${url}": ${reason}`)
  if (cause !== undefined) failure.cause = cause
  return failure
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
  private readonly gunzip: Gunzip | undefined = undefined
  private readonly traced: OwnCall | undefined
  private closed = false

  constructor({ statusCode, headers, body }: Dispatcher.ResponseData, limit: number, traced: OwnCall | undefined) {
    this.statusCode = statusCode
    this.limit = limit
    this.traced = traced
    traced?.answered(statusCode, Object.entries(headers).flatMap(fieldsOf))
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
    this.gunzip = gunzip
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
      this.end(length, cause)
      throw new LuaFailure((cause as Error).message)
    }
    this.end(length)
    this.text = bufferToLua(Buffer.concat(chunks))
    return this.text
  }

  /** @param length of the body as it was read */
  private end(length: number, cause?: unknown): void {
    this.traced?.received(this.gunzip?.bytesWritten ?? length)
    this.traced?.ended(cause)
  }

  /** Idempotent. */
  close(): void {
    this.closed = true
    this.stream.destroy()
    this.traced?.ended()
  }
}
