/** What belongs to one exchange and is shared by all its messages: addresses, state, cancellation. */

import type { IncomingMessage } from 'node:http'
import type { GatewayError } from '../errors.js'
import type { RawFields } from '../http/fields.js'
import type { ServerSpan } from '../telemetry/span.js'
import type { TimerWheel } from '../telemetry/timer-wheel.js'
import type { UnansweredWork } from './blame.js'
import type { UpgradeOffer } from './protocol-change.js'
import { Scope } from './scope.js'

/** Where an exchange leads, as far as its response depends on it. */
export interface AnswerTarget {
  /** The endpoint's path as configured; '' outside of endpoints. */
  readonly route: string
  /** Begins the log lines about the response. */
  readonly tag: string
  /** ms that a body may stand still on either side; 0 = no limit. */
  readonly idleMs: number
  /** ms that a tunnel may be silent; 0 = no limit. */
  readonly tunnelIdleMs: number
}

/** The target of responses that no endpoint makes. */
const NO_ENDPOINT: AnswerTarget = { route: '', tag: '[SERVICE: Router]', idleMs: 0, tunnelIdleMs: 0 }

/** One client exchange, and the outermost scope of all that is done for it. Made by the gateway when a request line has been read. */
export class Exchange extends Scope {
  readonly remoteAddress: string
  readonly clientAddress: string
  /** The Host that the client named, or what a stage put in its place. */
  host: string
  /** Fields as the client sent them. */
  readonly rawHeaders: RawFields
  /** '' until a component or the log needs one. */
  requestId = ''
  /** All errors of the exchange, for the access log and the ERROR lines. */
  errors: GatewayError[] | undefined
  /** Origin of the last upstream call. */
  upstream = ''
  /** The span of the exchange; undefined = it is not recorded. */
  span: ServerSpan | undefined = undefined
  /** The client's connection is encrypted. */
  secure = false
  /** Set when the client wants to change the protocol and the exchange may end in a tunnel. */
  offer: UpgradeOffer | undefined = undefined
  /** Set once, by the endpoint that takes the request. */
  target: AnswerTarget = NO_ENDPOINT
  /** What the router found, kept for dispatch while stages of the service look at the request. */
  found: object | undefined = undefined
  /** Work of plugins that is not answered yet, the last begun. */
  unanswered: UnansweredWork | undefined = undefined
  /** The handler place whose handler runs synchronously. */
  running: object | undefined = undefined
  /** What `next` has returned to the handler in {@link running}. */
  handed: Promise<unknown> | undefined = undefined
  private cleanups: (() => void)[] | undefined
  private stateMap: Map<unknown, unknown> | undefined

  constructor(wheel: TimerWheel, remoteAddress: string, clientAddress: string, host: string, rawHeaders: RawFields) {
    super(wheel)
    this.remoteAddress = remoteAddress
    this.clientAddress = clientAddress
    this.host = host
    this.rawHeaders = rawHeaders
  }

  /** The client's request as node:http read it; undefined for exchanges of the gateway's own. */
  get req(): IncomingMessage | undefined {
    return undefined
  }

  /** Ends the exchange without a response: a client's connection breaks off. */
  hangUp(reason: GatewayError): void {
    this.cancel(reason)
  }

  /** The port of {@link remoteAddress}; 0 where no client has one. */
  get remotePort(): number {
    return this.req?.socket.remotePort ?? 0
  }

  /** Of the client's request: `HTTP/1.1`, `HTTP/2.0`. */
  get protocol(): string {
    return `HTTP/${this.req?.httpVersion ?? '1.1'}`
  }

  /** Why the response has broken off; known {@link atEnd}. Undefined = it has not. */
  get cutBy(): GatewayError | undefined {
    return undefined
  }

  get state(): Map<unknown, unknown> {
    this.stateMap ??= new Map()
    return this.stateMap
  }

  /** Runs `work` when the exchange is over. */
  atEnd(work: () => void): void {
    if (this.cleanups === undefined) this.cleanups = [work]
    else this.cleanups.push(work)
  }

  /** Called once when the response is over, whole or cut. */
  finished(): void {
    const { cleanups } = this
    this.cleanups = undefined
    if (cleanups !== undefined) for (const work of cleanups) work()
  }

  /** Notes a failure that does not decide the response by itself. */
  note(error: GatewayError): void {
    if (this.errors === undefined) this.errors = [error]
    else this.errors.push(error)
  }
}
