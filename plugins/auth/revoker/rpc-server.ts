/**
 * Go's `net/rpc` over TCP: what a client of KrakenD's revoker speaks.
 *
 * A call is two values of gob, the request and its argument; so is its response. Calls of one connection are served one after the other.
 * A fault of the bytes ends the connection, a fault of the argument is told to the caller.
 */

import { createServer, type Server, type Socket } from 'node:net'
import { GobDecoder } from './gob/decoder.js'
import { type Encodable, GOB, GobEncoder, type GobType } from './gob/encoder.js'
import { FrameReader } from './gob/frame-reader.js'
import { GobError, type GobValue, isStruct } from './gob/types.js'
import type { OpenBook } from './revocation-book.js'
import { MAX_LIST_BYTES, methodOf, type RpcMethod } from './rpc-calls.js'
import type { SlidingFilter } from './sliding-filter.js'

/** Clients keep one connection each. */
const MAX_CONNECTIONS = 64
/** bytes of the value that names the method, and of the definitions before it. */
const MAX_REQUEST_BYTES = 16 * 1024
/** ms; a call that has begun must be complete, and its response taken. */
const CALL_MS = 30_000

/** What one configuration serves. */
export interface RpcTarget {
  readonly book: OpenBook
  /** Told why a connection was ended. */
  readonly ended: (reason: string) => void
}

/** Makes the server; it does not listen yet. `current` returns what the configuration in force serves. */
export function createRpcServer(current: () => RpcTarget): Server {
  const room = new Room()
  const open = new Set<Connection>()
  return createServer({ keepAlive: true, keepAliveInitialDelay: 60_000, noDelay: true }, socket => {
    const idlest = open.size < MAX_CONNECTIONS ? undefined : idlestOf(open)
    if (open.size >= MAX_CONNECTIONS) {
      const what = idlest === undefined ? 'the new one, all others are in use' : 'the one that was idle for the longest time'
      current().ended(`more than ${MAX_CONNECTIONS} connections: ${what}`)
      if (idlest === undefined) return void socket.destroy()
      open.delete(idlest)
      idlest.end()
    }
    const connection = new Connection(socket, () => current().book, room)
    open.add(connection)
    socket.once('close', () => open.delete(connection))
    connection.serve().catch((cause: unknown) => {
      current().ended((cause as Error).message)
      socket.destroy()
    })
  })
}

/** Returns the connection between two calls whose last call is the longest ago; those that never called come first. */
function idlestOf(open: Iterable<Connection>): Connection | undefined {
  let idlest: Connection | undefined
  for (const one of open) if (!one.busy && (idlest === undefined || one.calledAt < idlest.calledAt)) idlest = one
  return idlest
}

/** What all connections share: memory for calls that are not complete, and one call that is served at a time. */
class Room {
  private held = 0
  private last: Promise<unknown> = Promise.resolve()

  /** @throws Error when one filter and one list, as large as they may be, do not fit any more */
  take(bytes: number, filter: SlidingFilter): void {
    this.held += bytes
    const most = MAX_LIST_BYTES + (methodOf('BloomfilterRPC.Union') as RpcMethod).limit(filter)
    if (this.held > most) throw new Error(`calls that are not complete hold more than ${most} bytes`)
  }

  /** Runs `work` when no other call is served: what values take in memory counts once. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.last.then(work)
    this.last = mine.catch(() => undefined)
    return mine
  }
}

const RESPONSE: GobType = {
  kind: 'struct',
  name: 'Response',
  fields: [
    ['ServiceMethod', GOB.string],
    ['Seq', GOB.uint],
    ['Error', GOB.string]
  ]
}
/** In place of a result when there is none. */
const NOTHING: GobType = { kind: 'struct', name: 'InvalidRequest', fields: [] }

/** The first of the two values of a call. */
interface Request {
  readonly name: string
  readonly seq: number | bigint
  readonly method: RpcMethod | string
}

class Connection {
  private readonly socket: Socket
  private readonly book: () => OpenBook
  private readonly room: Room
  private readonly frames = new FrameReader()
  private readonly decoder = new GobDecoder()
  private readonly encoder = new GobEncoder()
  private request: Request | undefined
  private held = 0
  /** ms of the process; 0 = never. Of equal ones the oldest connection comes first. */
  calledAt = 0

  constructor(socket: Socket, book: () => OpenBook, room: Room) {
    this.socket = socket
    this.book = book
    this.room = room
    socket.on('timeout', () => socket.destroy(new Error('a call was not complete in time')))
    // while calls are served `serve` hears of errors; a client can also break off the last response, behind its own end
    socket.on('error', () => undefined)
  }

  /** A call has begun and its response is not written. */
  get busy(): boolean {
    return this.held > 0 || this.request !== undefined
  }

  end(): void {
    this.socket.destroy()
  }

  /** Serves calls until the client closes. @rejects Error that ends the connection */
  async serve(): Promise<void> {
    try {
      for await (const chunk of this.socket.iterator({ destroyOnReturn: false })) await this.take(chunk as Buffer)
      this.socket.setTimeout(CALL_MS)
      this.socket.end()
    } finally {
      this.hold(0)
    }
  }

  private async take(chunk: Buffer): Promise<void> {
    const { frames, socket } = this
    frames.push(chunk)
    this.hold(frames.heldBytes)
    for (let frame = frames.next(this.limit()); frame !== undefined; frame = frames.next(this.limit())) {
      if (this.request === undefined) this.request = requestOf(this.decoder.take(frame))
      else await this.serveArgument(this.request, frame)
    }
    this.hold(frames.heldBytes)
    // between two calls a client may wait as long as it likes
    socket.setTimeout(frames.heldBytes > 0 || this.request !== undefined ? CALL_MS : 0)
  }

  private limit(): number {
    const method = this.request?.method
    if (method === undefined) return MAX_REQUEST_BYTES
    return typeof method === 'string' ? MAX_LIST_BYTES : method.limit(this.book().filter)
  }

  private hold(bytes: number): void {
    const more = bytes - this.held
    this.held = bytes
    this.room.take(more, this.book().filter)
  }

  private async serveArgument(request: Request, frame: Uint8Array): Promise<void> {
    const response = await this.room.alone(async () => {
      const argument = this.decoder.take(frame)
      return argument === undefined ? undefined : this.responseTo(request, argument)
    })
    if (response === undefined) return
    this.calledAt = performance.now()
    await this.write(response)
    this.request = undefined
  }

  private async responseTo({ name, seq, method }: Request, argument: GobValue): Promise<Buffer> {
    const { encoder } = this
    const failed = (text: string): Buffer =>
      Buffer.concat([encoder.encode(RESPONSE, { ServiceMethod: name, Seq: seq, Error: text }), encoder.encode(NOTHING, {})])
    if (typeof method === 'string') return failed(method)
    let result: Encodable
    try {
      result = await method.call(argument, this.book())
    } catch (cause) {
      return failed((cause as Error).message)
    }
    return Buffer.concat([encoder.encode(RESPONSE, { ServiceMethod: name, Seq: seq }), encoder.encode(method.result, result)])
  }

  private write(bytes: Buffer): Promise<void> | undefined {
    const { socket } = this
    if (socket.write(bytes)) return undefined
    socket.setTimeout(CALL_MS)
    return new Promise((resolve, reject) => {
      socket.once('drain', resolve)
      socket.once('close', () => reject(new Error('the client did not take its response')))
    })
  }
}

/** Returns undefined for the definition of a type. */
function requestOf(value: GobValue | undefined): Request | undefined {
  if (value === undefined) return undefined
  if (!isStruct(value)) throw new GobError('a request that is no struct')
  const { ServiceMethod = '', Seq = 0 } = value
  if (typeof ServiceMethod !== 'string' || (typeof Seq !== 'number' && typeof Seq !== 'bigint') || Seq < 0)
    throw new GobError('a request without method and number')
  return { name: ServiceMethod, seq: Seq, method: methodOf(ServiceMethod) }
}
