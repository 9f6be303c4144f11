import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { endWith } from '../../src/exchange/answer-writer.js'
import { writeHead } from '../../src/exchange/write-head.js'
import { within } from '../support/waiting.js'

/** All byte values, over and over. */
const BYTES = Buffer.alloc(70_000, Buffer.from(Array.from({ length: 256 }, (_, i) => i)))

/** What a server did. */
interface Seen {
  readonly finished: string[]
  /** What the sockets of its clients were given to write. */
  readonly written: unknown[]
}

/** Responds to each request with as many bytes as its path says, in one `endWith`; resolves to its port. */
async function openServer(t: TestContext, { finished, written }: Seen = { finished: [], written: [] }): Promise<number> {
  const server = createServer((req, res) => {
    const { socket } = req
    const write = socket.write
    socket.write = ((...args: Parameters<typeof write>) => {
      written.push(args[0])
      return Reflect.apply(write, socket, args)
    }) as typeof write
    const body = BYTES.subarray(0, Number(req.url!.slice(1)))
    res.on('finish', () => finished.push(req.url!))
    writeHead(res, 200, ['X-Text', 'caf\xe9', 'Content-Length', String(body.length)])
    endWith(res, body)
  })
  t.after(() => server.close())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** What a server writes on one connection until it ends. */
function exchange(port: number, text: string): Promise<Buffer> {
  return within(
    'the end of the connection',
    new Promise<Buffer>((resolve, reject) => {
      const chunks: Buffer[] = []
      const socket = connect(port, '127.0.0.1', () => socket.write(text))
      socket.on('data', chunk => chunks.push(chunk))
      socket.on('error', reject)
      socket.on('end', () => resolve(Buffer.concat(chunks)))
    })
  )
}

function partsOf(answer: Buffer): { head: string; body: Buffer } {
  const end = answer.indexOf('\r\n\r\n') + 4
  return { head: answer.toString('latin1', 0, end), body: answer.subarray(end) }
}

for (const size of [0, 1, 256, 2048, 2049, 70_000]) {
  test(`a body of ${size} bytes arrives as it is behind a head that is no ASCII`, async t => {
    const port = await openServer(t)
    const { head, body } = partsOf(await exchange(port, `GET /${size} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`))
    assert.match(head, /^HTTP\/1\.1 200 OK\r\nX-Text: caf\xe9\r\n/)
    assert.deepEqual(body, BYTES.subarray(0, size))
  })
}

test('answers of all sizes follow each other on one connection, and each finishes', async t => {
  const seen: Seen = { finished: [], written: [] }
  const port = await openServer(t, seen)
  const sizes = [10, 2048, 0, 2049, 10]
  const ask = (size: number, last: boolean) => `GET /${size} HTTP/1.1\r\nHost: a\r\n${last ? 'Connection: close\r\n' : ''}\r\n`
  const answer = await exchange(port, sizes.map((size, i) => ask(size, i === sizes.length - 1)).join(''))
  let rest = answer
  for (const size of sizes) {
    const { body } = partsOf(rest)
    assert.deepEqual(body.subarray(0, size), BYTES.subarray(0, size))
    rest = body.subarray(size)
  }
  assert.equal(rest.length, 0)
  assert.deepEqual(
    seen.finished,
    sizes.map(size => `/${size}`)
  )
})

test('a HEAD gets no byte of the body', async t => {
  const port = await openServer(t)
  const { body } = partsOf(await exchange(port, 'HEAD /300 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'))
  assert.equal(body.length, 0)
})

test('a small body is one text with its head', async t => {
  const seen: Seen = { finished: [], written: [] }
  const port = await openServer(t, seen)
  const answer = await exchange(port, 'GET /300 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.deepEqual(seen.written, [answer.toString('latin1')])
})
