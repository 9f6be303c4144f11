/** One gRPC client per origin, made on first use and closed with the gateway. */

import { readFile } from 'node:fs/promises'
import type { Client } from '@grpc/grpc-js'
import type { GrpcPackages } from './packages.js'

export interface ChannelOptions {
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  readonly max_message_bytes: number
}

export interface Channels {
  /** The client of `http://host:port` (plain) or `https://host:port` (TLS). */
  of(origin: string): Client
}

/** Reads the key files. @throws Error when one cannot be read */
export async function createChannels({ grpc }: GrpcPackages, options: ChannelOptions, closing: AbortSignal): Promise<Channels> {
  const { tls = {}, max_message_bytes: limit } = options
  const read = async (file: string | undefined): Promise<Buffer | null> => (file === undefined ? null : await readFile(file))
  const [ca, cert, key] = await Promise.all([read(tls.ca), read(tls.cert), read(tls.key)])
  const secure = grpc.credentials.createSsl(ca, key, cert)
  const plain = grpc.credentials.createInsecure()
  const channelOptions = {
    'grpc.max_receive_message_length': limit,
    'grpc.max_send_message_length': limit,
    'grpc.enable_http_proxy': 0 // as for all other backends, the environment does not redirect calls
  }
  const clients = new Map<string, Client>()
  closing.addEventListener('abort', () => {
    for (const client of clients.values()) client.close()
    clients.clear()
  })
  return {
    of(origin) {
      let client = clients.get(origin)
      if (client === undefined) {
        const { protocol, hostname, port } = new URL(origin)
        const isTls = protocol === 'https:'
        client = new grpc.Client(`${hostname}:${port || (isTls ? 443 : 80)}`, isTls ? secure : plain, channelOptions)
        clients.set(origin, client)
      }
      return client
    }
  }
}
