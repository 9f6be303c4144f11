/** The listening socket of a listener: accepts connections and hands them on, whatever is spoken on them. */

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { GatewayError } from '../errors.js'

/** Where a listener listens. */
export interface Place {
  /** 0 = the kernel chooses. */
  readonly port: number
  /** '' = all interfaces. */
  readonly listenIp: string
}

export function isSamePlace(a: Place, b: Place): boolean {
  return a.port === b.port && a.listenIp === b.listenIp
}

/** An open port. */
export interface Door {
  readonly address: string
  readonly port: number
  /** Stops accepting; connections stay. Resolves when the port is free. */
  close(): Promise<void>
}

/**
 * Opens a port.
 * @param onError called for errors of the socket later on; it goes on
 * @throws GatewayError SLUICE_ERR_CONFIG_LISTEN
 */
export async function openDoor(place: Place, accept: (socket: Socket) => void, onError: (error: unknown) => void): Promise<Door> {
  const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 15_000 }, accept)
  await listening(server, place)
  server.on('error', onError) // node accepts again by itself
  const { address, port } = server.address() as AddressInfo
  return { address, port, close: () => closed(server) }
}

function listening(server: Server, { port, listenIp }: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => reject(listenError(cause, port, listenIp))
    server.once('error', fail)
    server.listen({ port, ...(listenIp !== '' && { host: listenIp }) }, () => {
      server.removeListener('error', fail)
      resolve()
    })
  })
}

/** Resolves when the handle is closed; `close` of the server itself waits for connections. */
function closed(server: Server): Promise<void> {
  server.close()
  return turn()
}

const CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'bind: address already in use',
  EACCES: 'bind: permission denied (ports below 1024 need a privilege)',
  EADDRNOTAVAIL: 'bind: cannot assign requested address (is listen_ip an address of this machine?)',
  ENOTFOUND: 'listen_ip is not an address'
}

function listenError(cause: NodeJS.ErrnoException, port: number, listenIp: string): GatewayError {
  const text = CAUSES[cause.code ?? ''] ?? cause.message
  return new GatewayError('SLUICE_ERR_CONFIG_LISTEN', { message: `listen tcp ${listenIp}:${port}: ${text}`, cause })
}
