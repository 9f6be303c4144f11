import { connect, type Socket } from 'node:net'
import { once, within } from '../support/waiting.js'

/** A client that says exactly what it is told, and keeps what it hears. */
export class RawClient {
  readonly socket: Socket
  received = ''
  closed = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', chunk => {
      this.received += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
    })
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: false })
    const client = new RawClient(socket)
    await once(socket, 'connect')
    return client
  }

  send(text: string): void {
    this.socket.write(text, 'latin1')
  }

  /** Resolves when the text has been heard; rejects when the connection ends without it. */
  async heard(text: string): Promise<string> {
    while (!this.received.includes(text)) {
      if (this.closed) throw new Error(`closed after ${JSON.stringify(this.received)}`)
      await this.next('data', 'close')
    }
    return this.received
  }

  /** Resolves at the first of the events; unlike `once` it does not mind resets. */
  next(...events: string[]): Promise<void> {
    const next = new Promise<void>(resolve => {
      const done = (): void => {
        for (const event of events) this.socket.removeListener(event, done)
        resolve()
      }
      for (const event of events) this.socket.on(event, done)
    })
    return within(`${events.join(' or ')} after ${JSON.stringify(this.received.slice(-200))}`, next)
  }

  /** Resolves with all that was heard when the server has ended the connection. */
  async ended(): Promise<string> {
    if (!this.closed) await this.next('close')
    return this.received
  }
}

/** Sends one message and answers all that comes until the server closes. */
export async function exchange(port: number, text: string): Promise<string> {
  const client = await RawClient.open(port)
  client.send(text)
  return client.ended()
}

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)
}
