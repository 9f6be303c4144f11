import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import type { TestContext } from 'node:test'
import { AdminServer } from '../../src/admin/admin-server.js'
import type { AdminConfig } from '../../src/config/types.js'
import { within } from '../support/waiting.js'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** One request with the fields as given, `Host` too. */
export function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {}
): Promise<Answer> {
  const answer = new Promise<Answer>((resolve, reject) => {
    const req = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, res => {
      const parts: Buffer[] = []
      res.on('data', part => parts.push(part))
      res.on('end', () => resolve({ status: res.statusCode!, headers: res.headers, body: Buffer.concat(parts).toString() }))
      res.on('error', reject)
    })
    req.on('error', reject)
    req.end(body)
  })
  return within(`the response to ${method} ${path}`, answer)
}

/** An open admin port; errors of its routes are kept. */
export async function openAdmin(t: TestContext, config: Partial<AdminConfig> = {}) {
  const errors: unknown[] = []
  const server = new AdminServer({ address: '127.0.0.1', port: 0, token: '', ...config }, error => errors.push(error))
  const { port } = await server.open()
  t.after(() => server.close())
  return { server, port, errors }
}
