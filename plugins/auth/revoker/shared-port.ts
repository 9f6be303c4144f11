import cluster from 'node:cluster'
import type { Server, Socket } from 'node:net'

/**
 * A port that outlives a configuration: it serves the one that came last and is still in force. `T` is what a configuration serves there.
 */
export class SharedPort<T> {
  private readonly targets: { readonly target: T }[] = []
  private newest: T | undefined
  private readonly sockets = new Set<Socket>()
  private readonly server: Server
  private readonly host: string
  private readonly port: number
  private opened: Promise<void> | undefined

  /** @param createServer gets the access to what is served; the server does not listen yet */
  constructor(host: string, port: number, createServer: (current: () => T) => Server) {
    this.host = host
    this.port = port
    this.server = createServer(() => this.newest!)
    this.server.on('connection', socket => {
      this.sockets.add(socket)
      socket.once('close', () => this.sockets.delete(socket))
    })
  }

  /** Serves `target` from now on; returns how to stop that. @rejects Error when the port cannot be opened */
  async serve(target: T): Promise<() => void> {
    const entry = { target }
    this.targets.push(entry)
    this.newest = target
    const leave = (): void => {
      this.targets.splice(this.targets.indexOf(entry), 1)
      // the last one stays until the port is closed
      this.newest = this.targets.at(-1)?.target ?? this.newest
    }
    this.opened ??= this.open()
    try {
      await this.opened
    } catch (cause) {
      this.opened = undefined
      leave()
      throw cause
    }
    return leave
  }

  private open(): Promise<void> {
    const { server, host, port } = this
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      // workers share a port: each connection is one worker's
      server.listen({ host, port, exclusive: !cluster.isWorker }, () => {
        server.off('error', reject)
        server.on('error', () => undefined)
        server.unref()
        resolve()
      })
    })
  }

  /** Where it listens; for tests with port 0. */
  get address(): { readonly port: number } {
    return this.server.address() as { port: number }
  }

  /** Closes the port and what is connected to it. */
  close(): Promise<void> {
    return new Promise(resolve => {
      this.server.close(() => resolve())
      for (const socket of this.sockets) socket.destroy()
    })
  }
}
