/** Small documents over HTTP for the auth components: key sets and tokens, within limits of time and size. */

import type { TLSSocket } from 'node:tls'
import { connectFailure, omitConnection } from 'sluice/plugin'
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent, request } from 'undici'
import { hasPinnedKey } from './tls-rules.js'

/** How a server is spoken to. */
export interface SmallFetchOptions {
  /** ms for the whole exchange, redirects included. */
  readonly timeoutMs: number
  /** bytes; most a document may have. */
  readonly maxBytes: number
  /** Redirects that are followed, GET only. */
  readonly redirects: number
  /** Accepts plain http, and certificates without a trusted authority. */
  readonly insecure: boolean
  /** PEM texts of the authorities; undefined = those of Node. */
  readonly ca?: readonly string[]
  /** As `node:tls` takes them; undefined = Node's. */
  readonly ciphers?: string
  /** base64url SHA-256 of public keys, one of which the server must show; empty = any. */
  readonly pins: ReadonlySet<string>
  /** Where proxy variables come from. */
  readonly env: NodeJS.ProcessEnv
}

/** A document that came. */
export interface SmallAnswer {
  readonly status: number
  readonly contentType: string
  readonly text: string
}

/** What a POST carries. */
export interface SmallPost {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

type SendOptions = Omit<Dispatcher.RequestOptions, 'origin' | 'path'>

/** Fetches small documents; owns its connections. */
export class SmallFetch {
  private readonly options: SmallFetchOptions
  private readonly dispatcher: Dispatcher

  constructor(options: SmallFetchOptions) {
    this.options = options
    this.dispatcher = createDispatcher(options)
  }

  /** @throws Error when there is no response in time, it is too large, or a redirect leads where it may not. */
  get(url: string, accept: string): Promise<SmallAnswer> {
    return this.inTime(signal => this.follow(url, { method: 'GET', headers: { accept }, signal }))
  }

  /** @throws Error as {@link get}; redirects are responses. */
  post(url: string, { headers, body }: SmallPost): Promise<SmallAnswer> {
    return this.inTime(async signal => read(await this.send(url, { method: 'POST', headers, body, signal })))
  }

  /** Ends everything under way. */
  async close(): Promise<void> {
    await this.dispatcher.destroy()
  }

  private async follow(url: string, options: SendOptions): Promise<SmallAnswer> {
    let target = url
    for (let hop = 0; ; hop++) {
      const answer = await this.send(target, options)
      const location = answer.headers.location
      if (answer.statusCode < 300 || answer.statusCode > 399 || typeof location !== 'string') return read(answer)
      await answer.body.dump()
      if (hop >= this.options.redirects) throw new Error(`too many redirects, the last to ${originOf(location, target)}`)
      const to = new URL(location, target)
      if (to.protocol !== 'https:' && !(this.options.insecure && to.protocol === 'http:'))
        throw new Error(`a redirect to ${to.protocol}// is not followed`)
      target = to.href
    }
  }

  /** A signal alone is not heard while a connection is made, so the clock rejects by itself. */
  private inTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { timeoutMs } = this.options
    const controller = new AbortController()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const error = new Error(`no answer within ${timeoutMs} ms`)
        reject(error)
        controller.abort(error)
      }, timeoutMs)
      work(controller.signal)
        .then(resolve, reject)
        .finally(() => clearTimeout(timer))
    })
  }

  private send(url: string, options: SendOptions): Promise<Dispatcher.ResponseData> {
    return request(url, { ...options, dispatcher: this.dispatcher })
  }
}

async function read(answer: Dispatcher.ResponseData): Promise<SmallAnswer> {
  const type = answer.headers['content-type']
  return { status: answer.statusCode, contentType: typeof type === 'string' ? type : '', text: await answer.body.text() }
}

function originOf(location: string, base: string): string {
  return URL.canParse(location, base) ? new URL(location, base).origin : 'nowhere'
}

function createDispatcher(options: SmallFetchOptions): Dispatcher {
  const { timeoutMs, maxBytes, pins, env } = options
  const tls: buildConnector.BuildOptions = {
    timeout: timeoutMs,
    rejectUnauthorized: !options.insecure,
    minVersion: 'TLSv1.2',
    ...(options.ca === undefined ? {} : { ca: [...options.ca] }),
    ...(options.ciphers === undefined ? {} : { ciphers: options.ciphers })
  }
  const limits = { connections: 4, headersTimeout: timeoutMs, bodyTimeout: timeoutMs, maxResponseSize: maxBytes }
  // A pin speaks of the server itself, so it is asked without a proxy between.
  if (pins.size > 0) return new Agent({ ...limits, connect: bare(pinned(buildConnector(tls), pins)) })
  const http = env.http_proxy ?? env.HTTP_PROXY ?? ''
  const https = env.https_proxy ?? env.HTTPS_PROXY ?? ''
  if (http === '' && https === '') return new Agent({ ...limits, connect: bare(buildConnector(tls)) })
  return new EnvHttpProxyAgent({
    ...limits,
    connect: tls,
    requestTls: tls,
    ...(http === '' ? {} : { httpProxy: http }),
    ...(https === '' ? {} : { httpsProxy: https }),
    // as for backends: what runs on this machine is asked directly
    noProxy: `localhost,127.0.0.1,[::1],${env.no_proxy ?? env.NO_PROXY ?? ''}`,
    // plain http goes to the proxy as it is; tunnels are for TLS
    proxyTunnel: false
  })
}

/** Requests go without a `Connection` field, and each fails at once where no connection can be made, as those to backends. */
function bare(connect: buildConnector.connector): buildConnector.connector {
  return (options, done) => {
    connect(options, (...outcome) => {
      if (!outcome[1]) return done(connectFailure(outcome[0]!), null)
      omitConnection(outcome[1], false)
      done(...outcome)
    })
  }
}

function pinned(connect: buildConnector.connector, pins: ReadonlySet<string>): buildConnector.connector {
  return (options, done) => {
    connect(options, (error, socket) => {
      if (error !== null) return done(error, null)
      if (options.protocol === 'https:' && !hasPinnedKey(socket as TLSSocket, pins)) {
        socket.destroy()
        return done(new Error('the server shows no pinned key'), null)
      }
      done(null, socket)
    })
  }
}
