/**
 * Messages to the syslog daemon of this machine, in the form of RFC 3164.
 *
 * The daemon's socket is looked for where Go programs look for it. Stream sockets are Node's own; datagram sockets, the usual
 * kind, need the optional package `node-unix-socket`. Without either, messages go to UDP port 514 of this host.
 */

import type { Socket as UdpSocket } from 'node:dgram'
import { connect, type Socket } from 'node:net'
import { hostname } from 'node:os'
import type { LogLevel } from './logger.js'
import type { SyslogFacility } from './logging-options.js'

const SOCKET_PATHS = ['/dev/log', '/var/run/syslog', '/var/run/log']
const UDP_PORT = 514
/** Messages kept while the socket is being found. */
const MAX_WAITING = 1000

/** Severities of RFC 5424 §6.2.1. */
export const SEVERITIES: Readonly<Record<LogLevel, number>> = {
  DEBUG: 7,
  INFO: 6,
  NOTICE: 5,
  WARNING: 4,
  ERROR: 3,
  CRITICAL: 2,
  FATAL: 2
}
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

export interface SyslogOptions {
  readonly facility: SyslogFacility
  /** Names the program in each message. */
  readonly tag: string
  /** Paths of sockets to try; default: where this platform has them. */
  readonly paths?: readonly string[]
  /** Default 514. */
  readonly udpPort?: number
}

/** How messages leave: by which kind of socket, and the text that a start line says. */
interface Transport {
  readonly local: boolean
  send(message: string): void
  close(): Promise<void>
}

/** A connection to syslog. Opens by itself; messages wait until it is open. */
export class Syslog {
  /** Returns where messages go, once that is known: `unix:/dev/log`, `unixgram:/dev/log`, `udp:127.0.0.1:514`. */
  readonly opened: Promise<string>
  dropped = 0
  readonly #priority: number
  readonly #tag: string
  readonly #options: SyslogOptions
  #transport: Transport | undefined
  #waiting: (() => void)[] = []
  #closing: Promise<void> | undefined

  constructor(options: SyslogOptions) {
    this.#options = options
    this.#priority = (16 + Number(options.facility.slice(-1))) * 8
    this.#tag = options.tag === '' ? 'sluice' : options.tag
    this.opened = this.#open()
  }

  /** Never throws; what comes after `close` is dropped. */
  send(level: LogLevel, text: string): void {
    if (this.#transport === undefined) {
      if (this.#waiting.length < MAX_WAITING) this.#waiting.push(() => this.send(level, text))
      else this.dropped++
      return
    }
    if (this.#closing !== undefined) {
      this.dropped++
      return
    }
    const d = new Date()
    const time = `${MONTHS[d.getMonth()]} ${`${d.getDate()}`.padStart(2)} ${d.toTimeString().slice(0, 8)}`
    // A local daemon knows the host; RFC 3164 §4.1.2 wants it in what travels by network.
    const host = this.#transport.local ? '' : ` ${hostname()}`
    this.#transport.send(`<${this.#priority + SEVERITIES[level]}>${time}${host} ${this.#tag}[${process.pid}]: ${level} > ${text}`)
  }

  /** Sends what waits and closes the socket. */
  close(): Promise<void> {
    return this.opened.then(() => (this.#closing ??= this.#transport!.close()))
  }

  async #open(): Promise<string> {
    const [where, transport] = await this.#find()
    this.#transport = transport
    for (const send of this.#waiting) send()
    this.#waiting = []
    return where
  }

  async #find(): Promise<[where: string, Transport]> {
    for (const path of this.#options.paths ?? SOCKET_PATHS) {
      const found = await connectStream(path)
      if (typeof found !== 'string') return [`unix:${path}`, new StreamTransport(path, found)]
      if (found !== 'EPROTOTYPE') continue
      const datagram = await openDatagram(path)
      if (datagram !== undefined) return [`unixgram:${path}`, datagram]
    }
    const port = this.#options.udpPort ?? UDP_PORT
    return [`udp:127.0.0.1:${port}`, await openUdp(port)]
  }
}

/** Returns the connected socket or the error's code; EPROTOTYPE says that the path is a datagram socket. */
function connectStream(path: string): Promise<Socket | string> {
  return new Promise(resolve => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket))
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'ERROR'))
  })
}

/** A stream socket that is opened again when the daemon restarted; messages between are lost. */
class StreamTransport implements Transport {
  readonly local = true
  #reconnecting = false
  #closed = false

  constructor(
    readonly path: string,
    private socket: Socket
  ) {
    socket.unref()
  }

  send(message: string): void {
    if (!this.socket.writable) this.#reconnect()
    // One message, one line: the stream has no other frame.
    else if (this.socket.writableLength < 1024 * 1024) this.socket.write(`${message.replaceAll('\n', ' ')}\n`)
  }

  close(): Promise<void> {
    this.#closed = true
    return new Promise(resolve => {
      if (this.socket.destroyed) resolve()
      else this.socket.once('close', () => resolve()).end(() => this.socket.destroy())
    })
  }

  #reconnect(): void {
    if (this.#reconnecting || this.#closed) return
    this.#reconnecting = true
    connectStream(this.path).then(found => {
      this.#reconnecting = false
      if (typeof found === 'string') return
      this.socket = found
      found.unref()
    })
  }
}

async function openDatagram(path: string): Promise<Transport | undefined> {
  try {
    const { DgramSocket } = await import('node-unix-socket')
    const socket = new DgramSocket()
    // A daemon that is away: its messages are lost, as with every datagram.
    socket.on('error', () => {})
    let pending = 0
    let settled: (() => void) | undefined
    return {
      local: true,
      send(message) {
        if (pending > MAX_WAITING) return
        const bytes = Buffer.from(message)
        pending++
        try {
          socket.sendTo(bytes, 0, bytes.length, path, () => {
            if (--pending === 0) settled?.()
          })
        } catch {
          pending--
        }
      },
      async close() {
        if (pending > 0) await new Promise<void>(resolve => (settled = resolve))
        socket.close()
      }
    }
  } catch {
    return undefined
  }
}

async function openUdp(port: number): Promise<Transport> {
  const { createSocket } = await import('node:dgram')
  const socket: UdpSocket = createSocket('udp4')
  socket.on('error', () => {})
  socket.unref()
  let pending = 0
  let settled: (() => void) | undefined
  return {
    local: false,
    send(message) {
      pending++
      socket.send(message, port, '127.0.0.1', () => {
        if (--pending === 0) settled?.()
      })
    },
    async close() {
      if (pending > 0) await new Promise<void>(resolve => (settled = resolve))
      await new Promise<void>(resolve => socket.close(() => resolve()))
    }
  }
}
