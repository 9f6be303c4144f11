/** `http_response`: requests that a script makes, within the time of its exchange, and their responses. */

import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { connectFailure, omitConnection } from 'sluice/plugin'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import {
  asyncFunction,
  bufferToLua,
  checkString,
  LuaFailure,
  LuaTable,
  type LuaValue,
  luaToBuffer,
  luaToText,
  NOTHING,
  raise,
  textToLua,
  UserdataType
} from './engine/index.js'
import { canonicalName } from './fields.js'
import { newList } from './json-values.js'
import { state } from './state.js'

/** As Go follows them. */
const MOST_REDIRECTS = 10

/** One request of a script. */
interface Call {
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

const isWeb = (url: URL): boolean => url.protocol === 'http:' || url.protocol === 'https:'

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
  if (signal.aborted) return (signal.reason as Error).message
  const errors = cause instanceof AggregateError && cause.errors.length > 0 ? cause.errors : [cause]
  const { code, address, port, hostname, message } = errors[0] as SocketFailure
  const host = typeof address === 'string' && address.includes(':') ? `[${address}]` : String(address)
  if (code === 'ECONNREFUSED') return `dial tcp ${host}:${String(port)}: connect: connection refused`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${String(hostname)}: no such host`
  if (code === 'UND_ERR_SOCKET') return 'EOF'
  return String(message)
}

/** A response to a script. Its body is read when the script asks for it. */
class HttpAnswer {
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

/** What a script holds: the response comes after the script has got it. */
class HttpHandle {
  answer: HttpAnswer | undefined = undefined
}

export const httpType: UserdataType<HttpHandle> = new UserdataType('http_response', {
  statics: {
    new: asyncFunction('new', (...args) => {
      const call = callOf(args)
      const { mount, request, opened } = state()
      const handle = new HttpHandle()
      const userdata = httpType.wrap(handle)
      return mount.calls.send(call, request.signal).then(answer => {
        handle.answer = answer
        opened.add(() => answer.close())
        return userdata
      })
    })
  },
  methods: {
    statusCode: self => answerOf(self).statusCode,
    headers: (...args) => {
      if (args.length < 2) raise('need arguments')
      return valuesOf(args)[0] ?? ''
    },
    headerList: (...args) => {
      if (args.length < 2) raise('need arguments')
      return newList(valuesOf(args).map(luaToText))
    },
    body: asyncFunction('body', self => answerOf(self).body()),
    close: self => {
      answerOf(self).close()
      return NOTHING
    }
  }
})

const valuesOf = (args: readonly LuaValue[]): readonly string[] =>
  answerOf(args[0]).headers.get(canonicalName(checkString(args[1], 2))) ?? []

function answerOf(self: LuaValue): HttpAnswer {
  const handle = httpType.unwrap(self)
  return handle instanceof HttpHandle && handle.answer !== undefined ? handle.answer : raise('http_response expected')
}

/** @throws LuaError for arguments that make no request */
function callOf(args: readonly LuaValue[]): Call {
  if (args.length === 0 || args.length === 2) raise('need 1, 3 or 4 arguments')
  const url = luaToText(checkString(args[0], 1))
  const method = args.length > 1 ? checkString(args[1], 2) || 'GET' : 'GET'
  const body = args.length > 2 ? luaToBuffer(checkString(args[2], 3)) : undefined
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method)) raise(`net/http: invalid method "${method}"`)
  const verb = method.slice(0, 1) + method.slice(1).toLowerCase()
  if (!URL.canParse(url)) raise(textToLua(`${verb} "${url}": unsupported protocol scheme ""`))
  const parsed = new URL(url)
  if (!isWeb(parsed)) raise(textToLua(`${verb} "${url}": unsupported protocol scheme "${parsed.protocol.slice(0, -1)}"`))
  const fields = args[3] instanceof LuaTable ? fieldsOf(args[3]) : []
  if (parsed.username !== '' || parsed.password !== '') {
    const credentials = Buffer.from(`${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`)
    fields.push('Authorization', `Basic ${credentials.toString('base64')}`)
  }
  return { url, method, body: body?.length === 0 ? undefined : body, fields }
}

function fieldsOf(table: LuaTable): string[] {
  const fields: string[] = []
  for (const [key, value] of table.entries()) {
    const name = canonicalName(typeof key === 'string' ? key : String(key))
    const values = value instanceof LuaTable ? [...value.entries()].map(([, one]) => one) : [value]
    for (const one of values) {
      const text = typeof one === 'number' ? String(one) : one
      if (typeof text !== 'string') continue
      checkField(name, text)
      fields.push(name, text)
    }
  }
  return fields
}

function checkField(name: string, value: string): void {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) raise(`net/http: invalid header field name "${name}"`)
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) raise(`net/http: invalid header field value for "${name}"`)
}
