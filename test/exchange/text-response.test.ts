import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { TextResponse } from '../../src/exchange/text-response.js'
import { writeHead } from '../../src/exchange/write-head.js'
import { once } from '../support/waiting.js'

/** What a client reads of one response, as latin1 text. */
async function said(
  t: TestContext,
  respond: (res: ServerResponse) => void,
  text = true,
  request = 'GET / HTTP/1.1'
): Promise<string> {
  const options = text ? { ServerResponse: TextResponse as typeof ServerResponse<IncomingMessage> } : {}
  const server = createServer(options, (_, res) => respond(res)).listen(0, '127.0.0.1')
  server.keepAliveTimeout = 0
  t.after(() => server.close())
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let all = ''
  socket.setEncoding('latin1').on('data', chunk => {
    all += chunk
  })
  socket.end(`${request}\r\nHost: a\r\n\r\n`)
  await once(socket, 'close')
  return all
}

/** The lines of a head but for the time, in order of their text. */
const linesOf = (answer: string): string[] =>
  answer
    .slice(0, answer.indexOf('\r\n\r\n'))
    .split('\r\n')
    .map(line => line.replace(/^Date: .*GMT$/, 'Date: now'))
    .sort()

const HEADS: Record<string, [status: number, ...raw: string[]]> = {
  'a length': [200, 'Content-Length', '2', 'X-A', '1', 'X-B', '\xfc', 'x-a', '2'],
  'no length': [200, 'X-A', '1'],
  'a date': [200, 'date', 'Mon, 01 Jan 2024 00:00:00 GMT', 'Content-Length', '2'],
  'no date': [200, 'Content-Length', '2', 'Data', 'x'],
  'an end of the connection': [200, 'Connection', 'close', 'Content-Length', '2'],
  'a coding': [200, 'Transfer-Encoding', 'chunked', 'X-A', '1'],
  'a disposition': [200, 'Content-Length', '2', 'Content-Disposition', 'inline; filename="\xfc"'],
  'no content': [204, 'X-A', '1'],
  cookies: [200, 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Content-Length', '2'],
  'a phrase of its own': [299, 'Content-Length', '2'],
  nothing: [404]
}

for (const [name, [status, ...raw]] of Object.entries(HEADS))
  for (const request of ['GET / HTTP/1.1', 'HEAD / HTTP/1.1', 'GET / HTTP/1.0'])
    test(`a head with ${name} is the one of node:http, ${request}`, async t => {
      const respond = (res: ServerResponse): void => {
        writeHead(res, status, raw.slice())
        res.end(status === 204 ? '' : 'ok')
      }
      // the first ones are made, and those after them remembered
      for (let i = 0; i < 3; i++) {
        const got = await said(t, respond, true, request)
        const expected = await said(t, respond, false, request)
        assert.deepEqual(linesOf(got), linesOf(expected))
        assert.equal(got.slice(got.indexOf('\r\n\r\n')), expected.slice(expected.indexOf('\r\n\r\n')))
      }
    })

for (const [name, value] of [
  ['X-A', 'a\r\nX-B: b'],
  ['X A', 'b'],
  ['X-A', '\u0142'],
  ['Content-Length', '1\n']
] as const)
  test(`a head with ${JSON.stringify(`${name}: ${value}`)} is refused, and nothing of it is in the next one`, async t => {
    const got = await said(t, res => {
      assert.throws(() => writeHead(res, 200, ['X-First', '1', 'Date', 'x', name, value]), TypeError)
      assert.equal(res.headersSent, false)
      writeHead(res, 502, ['Content-Length', '0'])
      res.end()
    })
    assert.deepEqual(linesOf(got), ['Connection: keep-alive', 'Content-Length: 0', 'Date: now', 'HTTP/1.1 502 Bad Gateway'])
  })

test('fields that were set before stand in the head, and a second head is refused', async t => {
  const got = await said(t, res => {
    res.setHeader('X-Set', '1')
    writeHead(res, 200, ['X-A', '2', 'Content-Length', '0'])
    assert.throws(() => writeHead(res, 200, ['X-C', '3']), /ERR_HTTP_HEADERS_SENT|headers/)
    res.end()
  })
  assert.match(got, /\r\nx-set: 1\r\n/i)
  assert.match(got, /\r\nX-A: 2\r\n/)
  assert.doesNotMatch(got, /X-C/)
})
