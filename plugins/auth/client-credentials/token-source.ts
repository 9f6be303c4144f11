/** Access tokens by the client credentials grant (RFC 6749 §4.4), fetched when needed and kept until shortly before they expire. */

import type { SmallFetch } from '../../_shared/keys/small-fetch.js'

export interface TokenSourceOptions {
  readonly fetch: SmallFetch
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  /** The form besides the credentials, ready to be sent. */
  readonly form: string
  /** ms that never go back. */
  readonly now: () => number
}

/** ms; a token this near to its end is not used any more. */
const EARLY_MS = 10_000
/** ms; after a failure the token server is left alone for this long. */
const RETRY_MS = 1000

/** One kind of token, shared by all requests of a backend. */
export class TokenSource {
  private readonly options: TokenSourceOptions
  private value = ''
  private expiresAt = 0
  private failedAt = Number.NEGATIVE_INFINITY
  private failure: Error | undefined
  private pending: Promise<string> | undefined
  /** How the server wants to be told who asks; found out by trying (RFC 6749 §2.3.1). */
  private style: 'unknown' | 'header' | 'body' = 'unknown'

  constructor(options: TokenSourceOptions) {
    this.options = options
  }

  /** The value of an `Authorization` field when a token is at hand, undefined when it must be fetched. */
  get current(): string | undefined {
    return this.value !== '' && this.options.now() < this.expiresAt ? this.value : undefined
  }

  /** Fetches a token; one fetch at a time serves all who wait. @rejects Error without any secret in its text */
  fetch(): Promise<string> {
    if (this.pending !== undefined) return this.pending
    if (this.failure !== undefined && this.options.now() - this.failedAt < RETRY_MS) return Promise.reject(this.failure)
    this.pending = this.ask().then(
      value => {
        this.pending = undefined
        this.failure = undefined
        return value
      },
      (cause: Error) => {
        this.pending = undefined
        this.failedAt = this.options.now()
        this.failure = new Error(`oauth2: cannot fetch token: ${cause.message || 'unknown cause'}`, { cause })
        throw this.failure
      }
    )
    return this.pending
  }

  private async ask(): Promise<string> {
    const style = this.style === 'body' ? 'body' : 'header'
    let answer = await this.send(style)
    if (!isSuccess(answer.status) && this.style === 'unknown') {
      answer = await this.send('body')
      if (isSuccess(answer.status)) this.style = 'body'
    } else if (isSuccess(answer.status)) this.style = style
    if (!isSuccess(answer.status)) throw new Error(`status ${answer.status}`)
    const token = parseToken(answer.contentType, answer.text)
    this.value = `${token.type} ${token.value}`
    this.expiresAt = token.lifeSeconds === 0 ? Number.POSITIVE_INFINITY : this.options.now() + token.lifeSeconds * 1000 - EARLY_MS
    return this.value
  }

  private send(style: 'header' | 'body'): ReturnType<SmallFetch['post']> {
    const { fetch, url, clientId, clientSecret, form } = this.options
    const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
    if (style === 'header') {
      const pair = `${formText(clientId)}:${formText(clientSecret)}`
      headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`
      return fetch.post(url, { headers, body: form })
    }
    const secret = clientSecret === '' ? '' : `&client_secret=${formText(clientSecret)}`
    return fetch.post(url, { headers, body: `client_id=${formText(clientId)}${secret}&${form}` })
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

/** Form encoding of one value (RFC 6749 appendix B). */
export function formText(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}

/** What a token server answered. */
export interface IssuedToken {
  readonly value: string
  /** As it stands before the token in the field. */
  readonly type: string
  /** s; 0 = for ever. */
  readonly lifeSeconds: number
}

/** Reads a token response (RFC 6749 §5.1), also in the form encoding that some servers use. @throws Error */
export function parseToken(contentType: string, text: string): IssuedToken {
  const isForm = /^(application\/x-www-form-urlencoded|text\/plain)\b/.test(contentType)
  const fields: Readonly<Record<string, unknown>> = isForm ? Object.fromEntries(new URLSearchParams(text)) : parseObject(text)
  const { access_token: value, token_type: type, expires_in: life } = fields
  if (typeof value !== 'string' || value === '') throw new Error('server response missing access_token')
  if (!/^[\x21-\x7e]+$/.test(value)) throw new Error('the access_token cannot travel in a header')
  const lifeSeconds = Number(life ?? 0)
  return { value, type: typeName(type), lifeSeconds: Number.isFinite(lifeSeconds) && lifeSeconds > 0 ? lifeSeconds : 0 }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // the JSON error's own text quotes the response, which may hold a token
    throw new Error('the response is not JSON')
  }
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function typeName(type: unknown): string {
  if (typeof type !== 'string' || type === '' || /^bearer$/i.test(type)) return 'Bearer'
  if (/^(mac|basic)$/i.test(type)) return type.length === 3 ? 'MAC' : 'Basic'
  return /^[\x21-\x7e]+$/.test(type) ? type : 'Bearer'
}
