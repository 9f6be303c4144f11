/** One request of a check: what a gateway responds before it is measured. */
import { request } from 'node:http'

/** ms after which a request has failed. */
const LIMIT = 10_000

/**
 * @param {number} port
 * @param {{ path: string, fields?: object, upload?: number, json?: string }} one as the load sends it
 * @returns {Promise<{ status: number, headers: import('node:http').IncomingHttpHeaders, body: string }>}
 */
export function ask(port, { path, fields = {}, upload, json }) {
  const body = json ?? (upload === undefined ? undefined : 'x'.repeat(upload))
  const headers = {
    'User-Agent': 'bench/1',
    Accept: '*/*',
    ...fields,
    ...(body !== undefined && {
      'Content-Type': json === undefined ? 'text/plain' : 'application/json',
      'Content-Length': Buffer.byteLength(body)
    })
  }
  const method = body === undefined ? 'GET' : 'POST'
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(LIMIT)
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false, signal }, response => {
      const chunks = []
      response.on('data', chunk => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() })
      )
    })
    sent.once('error', reject)
    sent.end(body)
  })
}
