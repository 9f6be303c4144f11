/** A port of its own for what monitoring reads: one path, GET and HEAD, text that is made when it is asked for. */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** What is served. */
export interface StatsPage {
  /** Answered with or without a slash at its end. */
  readonly path: string
  readonly contentType: string
  /** Makes the body; a failure is answered 500 and told to `failed`. */
  readonly render: () => string | Promise<string>
  readonly failed: (error: unknown) => void
}

/** ms for a request's head; peers are monitoring systems, not browsers. */
const HEAD_TIMEOUT_MS = 3_000

/** Opens the port, which does not keep the process running by itself. @throws Error with the address when it cannot be opened */
export async function openStatsListener(host: string, port: number, page: StatsPage): Promise<Server> {
  const server = createServer({ headersTimeout: HEAD_TIMEOUT_MS, requestTimeout: HEAD_TIMEOUT_MS }, (req, res) => {
    void answer(page, req, res)
  })
  server.listen(host === '' ? { port } : { port, host })
  await once(server, 'listening')
  server.on('error', page.failed)
  server.unref()
  return server
}

async function answer(page: StatsPage, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const path = (req.url ?? '').split('?', 1)[0]!
  if (path !== page.path && path !== `${page.path}/`) return end(res, 404, '404 page not found\n')
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.setHeader('Allow', 'GET, HEAD')
    return end(res, 405, '405 method not allowed\n')
  }
  try {
    const text = await page.render()
    res.setHeader('Content-Type', page.contentType)
    end(res, 200, text)
  } catch (error) {
    page.failed(error)
    end(res, 500, '')
  }
}

function end(res: ServerResponse, status: number, text: string): void {
  res.statusCode = status
  if (!res.hasHeader('Content-Type')) res.setHeader('Content-Type', 'text/plain; charset=utf-8')
  res.end(text)
}

/** Closes the port and what is connected to it. */
export function closeStatsListener(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
