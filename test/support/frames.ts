/** An HTTP/2 client that sends exactly the frames it is told to, and keeps those it gets. */

import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { once, until as waitUntil } from './waiting.js'

export const DATA = 0
export const HEADERS = 1
export const RST_STREAM = 3
export const SETTINGS = 4
export const PING = 6
export const GOAWAY = 7
export const WINDOW_UPDATE = 8
export const END_STREAM = 1
export const END_HEADERS = 4

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export function frame(type: number, flags: number, id: number, payload: Buffer | string = ''): Buffer {
  const body = Buffer.from(payload as string)
  const head = Buffer.alloc(9)
  head.writeUIntBE(body.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(id, 5)
  return Buffer.concat([head, body])
}

export const reset = (id: number, code: number): Buffer => frame(RST_STREAM, 0, id, uint32(code))

export function uint32(value: number): Buffer {
  const out = Buffer.alloc(4)
  out.writeUInt32BE(value)
  return out
}

/** An integer of HPACK (RFC 7541 §5.1). */
function integer(value: number, prefixBits: number, first: number): Buffer {
  const max = (1 << prefixBits) - 1
  if (value < max) return Buffer.from([first | value])
  const bytes = [first | max]
  let rest = value - max
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}

/** A field as a literal; `indexed` puts it into the table at 62. */
export function field(name: string, value: string, indexed = false): Buffer {
  const text = (s: string): Buffer => Buffer.concat([integer(Buffer.byteLength(s), 7, 0), Buffer.from(s)])
  return Buffer.concat([Buffer.from([indexed ? 0x40 : 0]), text(name), text(value)])
}

/** A head: pseudo-fields, then `fields`. */
export function head(
  method: string,
  path: string,
  fields: readonly (readonly [string, string])[] = [],
  authority = 'gw'
): Buffer {
  const pseudo = { ':method': method, ':scheme': 'http', ':authority': authority, ':path': path }
  return Buffer.concat([...Object.entries(pseudo), ...fields].map(([name, value]) => field(name, value)))
}

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly id: number
  readonly payload: Buffer
}

export class FrameClient {
  readonly socket: Socket
  readonly frames: Frame[] = []
  closed = false
  /** Whether SETTINGS and PINGs are answered. */
  polite = true
  private held: Buffer = Buffer.alloc(0)
  private skip: number

  /** @param skip bytes before the first frame: a server gets the preface */
  constructor(socket: Socket, skip = 0) {
    this.socket = socket
    this.skip = skip
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
    })
    socket.on('data', chunk => this.take(chunk))
  }

  /** Opens a connection whose settings are agreed; `windowBytes` is the initial window of streams. */
  static async open(owner: Pick<TestContext, 'after'>, port: number, windowBytes?: number): Promise<FrameClient> {
    const client = await FrameClient.silent(owner, port)
    const settings = windowBytes === undefined ? '' : Buffer.concat([Buffer.from([0, 4]), uint32(windowBytes)])
    client.send(PREFACE, frame(SETTINGS, 0, 0, settings))
    await client.until('settings', () => client.of(SETTINGS).length >= 2)
    return client
  }

  /** Opens a connection on which nothing was said; `preface` says it, without SETTINGS. */
  static async silent(owner: Pick<TestContext, 'after'>, port: number): Promise<FrameClient> {
    const socket = connect({ port, host: '127.0.0.1' })
    owner.after(() => socket.destroy())
    const client = new FrameClient(socket)
    await once(socket, 'connect')
    return client
  }

  preface(): void {
    this.send(PREFACE)
  }

  /** Sends in one segment. */
  send(...parts: Buffer[]): void {
    this.socket.write(Buffer.concat(parts))
  }

  private take(chunk: Buffer): void {
    this.held = Buffer.concat([this.held, chunk])
    if (this.held.length < this.skip) return
    this.held = this.held.subarray(this.skip)
    this.skip = 0
    while (this.held.length >= 9 && this.held.length >= 9 + this.held.readUIntBE(0, 3)) {
      const end = 9 + this.held.readUIntBE(0, 3)
      const id = this.held.readUInt32BE(5)
      const got: Frame = { type: this.held[3]!, flags: this.held[4]!, id, payload: this.held.subarray(9, end) }
      this.held = this.held.subarray(end)
      this.frames.push(got)
      if (got.type === SETTINGS && (got.flags & 1) === 0 && this.polite) this.send(frame(SETTINGS, 1, 0))
      if (got.type === PING && (got.flags & 1) === 0 && this.polite) this.send(frame(PING, 1, 0, got.payload))
    }
  }

  of(type: number, id?: number): Frame[] {
    return this.frames.filter(one => one.type === type && (id === undefined || one.id === id))
  }

  /** The code of a stream's RST_STREAM; undefined without one. */
  code(id: number): number | undefined {
    return this.of(RST_STREAM, id)[0]?.payload.readUInt32BE(0)
  }

  get goaway(): number | undefined {
    return this.of(GOAWAY)[0]?.payload.readUInt32BE(4)
  }

  /** `END_STREAM`, `RST_STREAM(code)`, or '' while the stream is open. */
  end(id: number): string {
    if (this.frames.some(one => one.id === id && one.type < 2 && (one.flags & END_STREAM) !== 0)) return 'END_STREAM'
    const code = this.code(id)
    return code === undefined ? '' : `RST_STREAM(${code})`
  }

  body(id: number): string {
    return Buffer.concat(this.of(DATA, id).map(one => one.payload)).toString()
  }

  /** Resolves when the stream has ended, with how it did. */
  async ended(id: number): Promise<string> {
    await this.until(`the end of stream ${id}`, () => this.end(id) !== '' || this.closed)
    return this.end(id)
  }

  /** Resolves when the gateway has read all that was sent: it answers a PING in its turn. */
  async heard(): Promise<void> {
    const before = this.of(PING).length
    this.send(frame(PING, 0, 0, Buffer.alloc(8)))
    await this.until('the answer to a PING', () => this.of(PING).length > before || this.closed)
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    await until(what, holds)
  }
}

/** Resolves when a condition holds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  await waitUntil(holds, what)
}
