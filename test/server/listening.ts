import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import type { ServerConfig } from '../../src/config/types.js'
import type { ClientErrorInfo } from '../../src/server/client-error.js'
import { createListener, type Listener, type ListenerOptions } from '../../src/server/listener.js'

export const DEFAULTS: ServerConfig = {
  readTimeoutMs: 0,
  writeTimeoutMs: 0,
  idleTimeoutMs: 0,
  readHeaderTimeoutMs: 0,
  maxHeaderBytes: 1 << 20,
  maxShutdownWaitMs: 0,
  useH2c: false,
  unreadAnswerTimeoutMs: 15_000,
  http2MaxHeaderFields: 500,
  http2HeaderFieldsPerSecond: 20_000,
  http2HeaderBytesPerSecond: 1 << 22,
  tls: undefined
}

/** Limits with which a listener looks at its connections every 20 ms: four times within the shortest. */
export const SWEPT_OFTEN: Partial<ServerConfig> = { unreadAnswerTimeoutMs: 80 }

export interface Opened {
  readonly listener: Listener
  readonly port: number
  readonly infos: ClientErrorInfo[]
  readonly errors: unknown[]
}

type Handler = (req: IncomingMessage, res: ServerResponse) => void

/** Calls `done` when a request was read; one without a body is read from the start, and says nothing, where Node.js can do that. */
export function whenRead(req: IncomingMessage, done: () => void): void {
  if (req.readableEnded) done()
  else req.on('end', done)
}

/** Echoes method, target and body. */
export const echo: Handler = (req, res) => {
  const chunks: Buffer[] = []
  req.on('error', () => {})
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  whenRead(req, () => res.end(`${req.method} ${req.url} <${Buffer.concat(chunks)}>`))
}

/** Opens a listener on a free port that is destroyed with the test. */
export async function open(
  t: TestContext,
  server: Partial<ServerConfig>,
  handler: Handler = echo,
  more: Partial<ListenerOptions> = {}
): Promise<Opened> {
  const infos: ClientErrorInfo[] = []
  const errors: unknown[] = []
  const listener = createListener(
    {
      server: { ...DEFAULTS, ...server },
      port: 0,
      listenIp: '127.0.0.1',
      onClientError: info => infos.push(info),
      onError: error => errors.push(error),
      ...more
    },
    handler
  )
  t.after(() => listener.destroy())
  const { port } = await listener.listen()
  return { listener, port, infos, errors }
}
