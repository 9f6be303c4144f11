import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, whenRead } from './listening.js'
import { exchange, RawClient, statusOf } from './raw-client.js'

const HOST = 'Host: gw.test\r\n'
const POST = `POST /x HTTP/1.1\r\n${HOST}`
const EVIL = `GET /evil HTTP/1.1\r\n${HOST}\r\n`
const chunked = (rest: string): string => `${POST}Transfer-Encoding: chunked\r\n\r\n${rest}`

type Refusal = [name: string, status: number, message: string]

/** RFC 9112 2.2 lets a server take a line feed for the end of a line. The parsers of Node.js before 20.19 do so behind the version. */
const STRICT_LINES: Refusal[] =
  Number.parseInt(process.versions.llhttp!, 10) < 9
    ? []
    : [['a bare line feed behind the request line', 400, `GET /x HTTP/1.1\n${HOST}\r\n`]]

const REFUSED: Refusal[] = [
  ['both lengths', 400, `${POST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${EVIL}`],
  ['two different lengths', 400, `${POST}Content-Length: 5\r\nContent-Length: 44\r\n\r\nhello${EVIL}`],
  ['two equal lengths', 400, `${POST}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`],
  ['a signed length', 400, `${POST}Content-Length: +5\r\n\r\nhello`],
  ['a length beyond 64 bit', 400, `${POST}Content-Length: 18446744073709551621\r\n\r\nhello`],
  ['an unknown coding', 501, `${POST}Transfer-Encoding: xchunked\r\n\r\nhello`],
  ['a coding before chunked', 501, `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['chunked not last', 400, `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${EVIL}`],
  ['a vertical tab before chunked', 400, `${POST}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n${EVIL}`],
  ['a blank in a name', 400, `GET /x HTTP/1.1\r\n${HOST}Transfer Encoding: chunked\r\n\r\n`],
  ['a blank before the colon', 400, `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
  ['chunked in HTTP/1.0', 400, 'POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['junk in a chunk size', 400, chunked('5x\r\nhello\r\n0\r\n\r\n')],
  ['a chunk size beyond 64 bit', 400, chunked(`FFFFFFFFFFFFFFFF5\r\nhello\r\n0\r\n\r\n${EVIL}`)],
  ['chunk lines without CR', 400, chunked(`5\nhello\n0\n\n${EVIL}`)],
  ['chunk data longer than its size', 400, chunked('3\r\nhello\r\n0\r\n\r\n')],
  ['a folded line', 400, `${POST}X-A: one\r\n two\r\nContent-Length: 0\r\n\r\n`],
  ['NUL in a value', 400, `${POST}X-A: a\0b\r\nContent-Length: 0\r\n\r\n`],
  ['CR in a value', 400, `${POST}X-A: a\rB: c\r\nContent-Length: 0\r\n\r\n`],
  ['a line without colon', 400, `${POST}Transfer-Encoding chunked\r\n\r\n`],
  ['no Host', 400, 'GET /x HTTP/1.1\r\n\r\n'],
  ['two Hosts', 400, 'GET /x HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n'],
  ['userinfo in Host', 400, 'GET /x HTTP/1.1\r\nHost: a@b\r\n\r\n'],
  ['HTTP/2.0 in the request line', 505, `GET /x HTTP/2.0\r\n${HOST}\r\n`],
  ['an unknown version', 505, `GET /x HTTP/9.1\r\n${HOST}\r\n`],
  ['HTTP/0.9 by name', 505, `GET /x HTTP/0.9\r\n${HOST}\r\n`],
  ['no version', 400, 'GET /x\r\n\r\n'],
  ['a version of one digit', 400, `GET /x HTTP/1\r\n${HOST}\r\n`],
  ['a version of four digits', 400, `GET /x HTTP/01.01\r\n${HOST}\r\n`],
  ['a version of three numbers', 400, `GET /x HTTP/1.1.1\r\n${HOST}\r\n`],
  ['a version without a name', 400, `GET /x 2.0\r\n${HOST}\r\n`],
  ['another name', 400, `GET /x http/2.0\r\n${HOST}\r\n`],
  ...STRICT_LINES,
  ['a bare line feed behind another version', 400, `GET /x HTTP/1.1 \n${HOST}\r\n`],
  ['no HTTP at all', 400, 'HELLO\r\n\r\n'],
  ['a broken method', 400, `G@T /x HTTP/1.1\r\n${HOST}\r\n`],
  ['a blank in the target', 400, `GET /x y HTTP/1.1\r\n${HOST}\r\n`],
  ['a target over 64 KiB', 414, `GET /${'a'.repeat(65536)} HTTP/1.1\r\n${HOST}\r\n`],
  [
    'too many fields',
    431,
    `GET /x HTTP/1.1\r\n${HOST}${Array.from({ length: 2100 }, (_, i) => `X-${i}: ${i}\r\n`).join('')}\r\n`
  ],
  ['a head over the limit', 431, `GET /x HTTP/1.1\r\n${HOST}X: ${'a'.repeat(220_000)}\r\n\r\n`],
  ['an unknown expectation', 417, `${POST}Expect: 200-maybe\r\nContent-Length: 0\r\n\r\n`],
  ['CONNECT', 404, 'CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n'],
  ['CONNECT with a body', 404, 'CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\nContent-Length: 2\r\n\r\nhi'],
  ['CONNECT, its body to come', 404, 'CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\nContent-Length: 2\r\n\r\n']
]

test('refuses what two parsers could read in two ways, and closes', async t => {
  const seen: string[] = []
  const { port, infos } = await open(t, { maxHeaderBytes: 200_000 }, (req, res) => {
    req.on('error', () => {})
    req.on('data', () => {})
    whenRead(req, () => {
      seen.push(req.url!)
      res.end()
    })
  })
  for (const [name, status, message] of REFUSED) {
    infos.length = 0
    const answer = await exchange(port, message)
    assert.equal(statusOf(answer), status, `${name}: ${answer}`)
    assert.match(answer, /\r\nConnection: close\r\n/, name)
    assert.match(answer, /\r\nContent-Type: text\/plain; charset=utf-8\r\n/, name)
    assert.equal(answer.split('HTTP/1.1 ').length, 2, `${name}: more than one answer`)
    assert.equal(infos.length, 1, name)
    assert.equal(infos[0]!.status, status, name)
    assert.ok(infos[0]!.code.startsWith('SLUICE_ERR_CLIENT_'), name)
    assert.equal(infos[0]!.remoteAddress, '127.0.0.1', name)
  }
  assert.deepEqual(seen, [])
})

test('says the texts of KrakenD', async t => {
  const { port } = await open(t, { maxHeaderBytes: 1000 })
  assert.match(
    await exchange(port, `GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(8000)}\r\n\r\n`),
    /\r\n\r\n431 Request Header Fields Too Large$/
  )
  assert.match(await exchange(port, 'HELLO\r\n\r\n'), /\r\n\r\n400 Bad Request$/)
  assert.match(await exchange(port, 'GET / HTTP/1.1\r\n\r\n'), /400 Bad Request: missing required Host header$/)
})

test('answers a whole request before it closes on garbage behind it', async t => {
  const { port, infos } = await open(t, {})
  const answer = await exchange(port, `GET /one HTTP/1.1\r\n${HOST}\r\nGARBAGE\r\n\r\n`)
  assert.match(answer, /GET \/one <>$/)
  assert.equal(answer.split('HTTP/1.1 ').length, 2)
  assert.equal(infos[0]!.status, 0)
})

test('cuts a connection that floods chunk extensions', async t => {
  const { port, infos } = await open(t, {})
  const client = await RawClient.open(port)
  client.send(`${POST}Transfer-Encoding: chunked\r\n\r\n`)
  for (let i = 0; i < 64; i++) client.send(`1;${'a'.repeat(65536)}\r\nx\r\n`)
  const answer = await client.ended()
  assert.ok(answer === '' || statusOf(answer) === 413, answer)
  assert.equal(infos[0]!.code, 'SLUICE_ERR_CLIENT_BODY_TOO_LARGE')
})

test('serves HTTP/1.0 without Host and closes', async t => {
  const { port } = await open(t, {})
  assert.match(await exchange(port, 'GET /old HTTP/1.0\r\n\r\n'), /GET \/old <>$/)
})

test('ignores an offer of h2c, also with a body', async t => {
  const { port } = await open(t, {}, undefined, { mayUpgrade: () => assert.fail('offered') })
  const upgrade = 'Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n'
  const answer = await exchange(port, `${POST}${upgrade}Content-Length: 5\r\n\r\nhello`)
  assert.equal(statusOf(answer), 200)
  assert.match(answer, /POST \/x <hello>$/)
})
