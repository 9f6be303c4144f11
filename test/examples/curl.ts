/** The `curl` lines that documents show: what they ask, and what they print. */

import { request as httpRequest, type IncomingMessage } from 'node:http'
import { within } from '../support/waiting.js'

/** A `curl` line taken apart: `curl -i -H 'X-Api-Key: k' http://localhost:8080/x`. */
export interface CurlLine {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  /** `-i`: the status and the fields are printed too. */
  readonly withHead: boolean
}

/** @throws Error for an option that this reader does not know */
export function parseCurl(line: string): CurlLine {
  const words = (line.match(/'[^']*'|\S+/g) ?? []).map(word => word.replace(/^'(.*)'$/, '$1'))
  const headers: Record<string, string> = {}
  let [url, method, body, withHead]: [string?, string?, string?, boolean?] = []
  for (let i = 1; i < words.length; i++) {
    const word = words[i]!
    if (word === '-i') withHead = true
    else if (word === '-X') method = words[++i]
    else if (word === '-d') body = words[++i]
    else if (word === '-A') headers['User-Agent'] = words[++i]!
    else if (word === '-H') {
      const [, name, value] = /^([^:]+): ?(.*)$/.exec(words[++i]!)!
      headers[name!] = value!
    } else if (word.startsWith('http')) url = word
    else if (word !== '-N') throw new Error(`${line}: ${word} is not known here`)
  }
  if (url === undefined) throw new Error(`${line}: no URL`)
  return {
    url: new URL(url),
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers,
    body,
    withHead: withHead ?? false
  }
}

/** Sends what the line asks to another origin; returns what `curl` prints. */
export async function runCurl(line: CurlLine, origin: string): Promise<string> {
  const target = new URL(line.url.pathname + line.url.search, origin)
  const response = await within<IncomingMessage>(
    `the answer to ${target}`,
    new Promise((resolve, reject) => {
      const { method, headers } = line
      httpRequest(target, { method, headers, agent: false }, resolve).on('error', reject).end(line.body)
    })
  )
  const parts: Buffer[] = []
  await within(
    `the body of ${target}`,
    (async () => {
      for await (const part of response) parts.push(part as Buffer)
    })()
  )
  const body = Buffer.concat(parts).toString()
  if (!line.withHead) return body
  const { statusCode, statusMessage, rawHeaders } = response
  const fields = rawHeaders.flatMap((text, i) => (i % 2 === 0 ? [`${text}: ${rawHeaders[i + 1]}`] : []))
  return [`HTTP/1.1 ${statusCode} ${statusMessage}`, ...fields, '', body].join('\n')
}
