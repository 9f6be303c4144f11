/** Pipelined requests: one at a time, in order, and everything of a connection ends with it. */

import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { until, within } from '../support/waiting.js'
import { open, whenRead } from './listening.js'
import { exchange, RawClient } from './raw-client.js'

const HOST = 'Host: h\r\n'
const get = (path: string, fields = ''): string => `GET ${path} HTTP/1.1\r\n${HOST}${fields}\r\n`
const post = (path: string, body: string, fields = ''): string =>
  `POST ${path} HTTP/1.1\r\n${HOST}${fields}Content-Length: ${body.length}\r\n\r\n${body}`
const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\n'

/** Keeps each exchange until it is told to answer. */
class Held {
  readonly open: { req: IncomingMessage; res: ServerResponse; body: string }[] = []
  readonly urls: string[] = []
  closed = 0
  private wake: (() => void) | undefined

  readonly serve = (req: IncomingMessage, res: ServerResponse): void => {
    this.urls.push(req.url!)
    const one = { req, res, body: '' }
    this.open.push(one)
    res.on('close', () => {
      this.closed++
      this.wake?.()
    })
    req.on('error', () => {})
    req.on('data', chunk => {
      one.body += chunk
    })
    req.on('end', () => this.wake?.())
    this.wake?.()
  }

  async until(what: string, test: () => boolean): Promise<void> {
    while (!test()) {
      const woken = new Promise<void>(resolve => {
        this.wake = resolve
      })
      await within(`${what}: ${this.urls}, ${this.closed} closed`, woken)
    }
  }

  answer(): void {
    const { req, res, body } = this.open.shift()!
    res.end(`<${req.url} ${body}>`)
  }
}

/** The answers' bodies, as {@link Held} writes them. */
const bodies = (heard: string): string[] => heard.match(/<[^>]*>/g) ?? []

test('serves the next request when the answer before it is out', async t => {
  const held = new Held()
  const { port } = await open(t, {}, held.serve)
  const client = await RawClient.open(port)
  client.send([1, 2, 3, 4].map(n => get(`/${n}`)).join(''))
  for (const n of [1, 2, 3, 4]) {
    await held.until(`request ${n}`, () => held.urls.length === n)
    assert.equal(held.open.length, 1)
    held.answer()
    await client.heard(`</${n} >`)
  }
  client.send(get('/5'))
  await held.until('a request after the queue', () => held.urls.length === 5)
  held.answer()
  assert.deepEqual(bodies(await client.heard('</5 >')), ['</1 >', '</2 >', '</3 >', '</4 >', '</5 >'])
})

const LEAVES: Readonly<Record<string, (client: RawClient) => unknown>> = {
  'resets its connection': client => client.socket.resetAndDestroy(),
  'closes its half': client => client.socket.end()
}
for (const [how, leave] of Object.entries(LEAVES)) {
  test(`serves nothing of what waits when the client ${how}`, async t => {
    const held = new Held()
    const { port } = await open(t, {}, held.serve)
    const client = await RawClient.open(port)
    client.send(get('/long').repeat(2000))
    await held.until('the first request', () => held.urls.length > 0)
    leave(client)
    await held.until('its end', () => held.closed > 0)
    await turn()
    assert.deepEqual(held.urls, ['/long'])
  })
}

test('two thousand requests in one go are all answered', async t => {
  const { port } = await open(t, {}, (req, res) => res.end(`<${req.url} >`))
  const client = await RawClient.open(port)
  client.send(Array.from({ length: 2000 }, (_, n) => get(`/${n}`)).join(''))
  const heard = bodies(await client.heard('</1999 >'))
  assert.deepEqual(
    heard,
    Array.from({ length: 2000 }, (_, n) => `</${n} >`)
  )
})

test('a client that sends on and on without an answer is cut', async t => {
  const held = new Held()
  const { port } = await open(t, {}, held.serve)
  const client = await RawClient.open(port)
  client.send(get('/long').repeat(4000))
  await client.ended()
  assert.deepEqual(held.urls, ['/long'])
})

test('more than may wait: those that were taken are answered, and the last one says so', async t => {
  const held = new Held()
  const { port } = await open(t, {}, held.serve)
  const client = await RawClient.open(port)
  const large = `X: ${'x'.repeat(60_000)}\r\n`
  const requests = [1, 2, 3, 4, 5, 6, 7].map(n => get(`/${n}`, large)).join('')
  client.send(requests)
  await held.until('the first request', () => held.urls.length > 0)
  const { socket } = held.open[0]!.req
  await until(() => socket.bytesRead >= requests.length, 'all requests to be read')
  for (const n of [1, 2, 3, 4, 5]) {
    await held.until(`request ${n}`, () => held.urls.length === n)
    held.answer()
  }
  const heard = await client.ended()
  assert.deepEqual(bodies(heard), ['</1 >', '</2 >', '</3 >', '</4 >', '</5 >'])
  assert.equal(heard.match(/Connection: close/g)?.length, 1)
})

test('behind uploads: each body belongs to its request', async t => {
  const held = new Held()
  const { port } = await open(t, {}, held.serve)
  const client = await RawClient.open(port)
  const chunked = `POST /3 HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n3\r\nccc\r\n`
  client.send(post('/1', 'aaa') + post('/2', 'bbb') + chunked)
  for (const n of [1, 2]) {
    await held.until(`body ${n}`, () => held.urls.length === n && held.open[0]!.req.readableEnded)
    held.answer()
  }
  await held.until('request 3', () => held.urls.length === 3)
  client.send(`0\r\n\r\n${get('/4', 'Connection: close\r\n')}`)
  await held.until('body 3', () => held.open[0]!.req.readableEnded)
  held.answer()
  await held.until('request 4', () => held.urls.length === 4)
  held.answer()
  assert.deepEqual(bodies(await client.ended()), ['</1 aaa>', '</2 bbb>', '</3 ccc>', '</4 >'])
})

const ENDS: Readonly<Record<string, readonly [request: string, bodies: readonly string[], end: RegExp]>> = {
  'Connection: close': [get('/2', 'Connection: close\r\n') + get('/3'), ['</1 >', '</2 >'], /<\/2 >$/],
  'a request that is refused': [`GET /2 HTTP/1.1\r\n\r\n${get('/3')}`, ['</1 >'], /HTTP\/1\.1 400[\s\S]*Host header$/],
  'an unknown expectation': [get('/2', 'Expect: tea\r\n') + get('/3'), ['</1 >'], /HTTP\/1\.1 417/],
  CONNECT: [`CONNECT h:1 HTTP/1.1\r\n${HOST}\r\n${get('/3')}`, ['</1 >'], /HTTP\/1\.1 404[\s\S]*404 page not found$/],
  garbage: [`${get('/2')}\x01\x02\r\n\r\n${get('/3')}`, ['</1 >', '</2 >'], /<\/2 >$/],
  'a body that is broken': [
    `POST /2 HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nxyz\r\n${get('/3')}`,
    ['</1 >'],
    /<\/1 >$/
  ]
}
for (const [what, [request, expected, end]] of Object.entries(ENDS)) {
  test(`nothing is served behind ${what}; what stands before it is`, async t => {
    const { port } = await open(t, {}, (req, res) => {
      req.on('error', () => {})
      setTimeout(() => res.end(`<${req.url} >`), 20)
    })
    const heard = await exchange(port, get('/1') + request)
    assert.deepEqual(bodies(heard), expected)
    assert.match(heard, end)
  })
}

test('a body that breaks behind a response on its way ends the connection after that response', async t => {
  const held = new Held()
  const { port, infos } = await open(t, {}, held.serve)
  const client = await RawClient.open(port)
  client.send(`${get('/1')}POST /2 HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1\r\n`)
  await held.until('request 1', () => held.urls.length === 1)
  held.open[0]!.res.flushHeaders()
  await client.heard('HTTP/1.1 200')
  client.send('xyz\r\n')
  await until(() => infos.length === 1, 'the broken body was read')
  held.answer()
  assert.match(await client.ended(), /<\/1 >\r\n0\r\n\r\n$/)
  assert.deepEqual(held.urls, ['/1'])
})

/** What an ignored offer may look like. */
const OFFERS = {
  'an offer': get('/2', UPGRADE),
  'an offer of HTTP/2': get('/2', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n'),
  'an offer with a body': post('/2', 'body', UPGRADE),
  'an offer with a chunked body': `POST /2 HTTP/1.1\r\n${HOST}${UPGRADE}Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n`
}
/** Node.js 24.9 and later parse the body of an offer, and drop what was read behind it. */
const [MAJOR = 0, MINOR = 0] = process.versions.node.split('.').map(Number)
const KEEPS_BODIES = MAJOR > 24 || (MAJOR === 24 && MINOR >= 9)

for (const [what, offer] of Object.entries(OFFERS).filter(([, text]) => !(KEEPS_BODIES && text.includes('body')))) {
  for (const before of ['', get('/1')]) {
    test(`${what} that is passed over loses nothing${before === '' ? '' : ', behind another request'}`, async t => {
      const serve = (req: IncomingMessage, res: ServerResponse): void => {
        let body = ''
        req.on('data', chunk => {
          body += chunk
        })
        whenRead(req, () => setTimeout(() => res.end(`<${req.url} ${body}>`), 20))
      }
      const { port } = await open(t, {}, serve)
      const client = await RawClient.open(port)
      client.send(before + offer + get('/3'))
      await client.heard('</3 >')
      client.send(offer)
      client.send(get('/4', 'Connection: close\r\n'))
      const two = offer.includes('body') ? '</2 body>' : '</2 >'
      const expected = [...(before === '' ? [] : ['</1 >']), two, '</3 >', two, '</4 >']
      assert.deepEqual(bodies(await client.ended()), expected)
    })
  }
}

test('an offer with a body is served, and its client is told when what stands behind it is not', async t => {
  const { port } = await open(t, {}, (req, res) => {
    let body = ''
    req.on('data', chunk => {
      body += chunk
    })
    whenRead(req, () => res.end(`<${req.url} ${body}>`))
  })
  const heard = await exchange(port, get('/1') + OFFERS['an offer with a body'] + get('/3', 'Connection: close\r\n'))
  const served = KEEPS_BODIES ? ['</1 >', '</2 body>'] : ['</1 >', '</2 body>', '</3 >']
  assert.deepEqual(bodies(heard), served)
  assert.equal(heard.match(/\r\nConnection: close\r\n/g)?.length, 1)
  assert.match(heard.slice(heard.lastIndexOf('HTTP/1.1 200')), /\r\nConnection: close\r\n/)
})

test('an offer that the handler answers with an ordinary answer loses nothing', async t => {
  const { port } = await open(t, {}, (req, res) => setTimeout(() => res.end(`<${req.url} >`), 50), { mayUpgrade: () => true })
  const client = await RawClient.open(port)
  client.send(get('/1', UPGRADE) + get('/2') + get('/3', UPGRADE))
  await client.heard('</2 >')
  client.send(get('/4', UPGRADE))
  const heard = await client.ended() // with the answer behind which nothing had come
  assert.deepEqual(
    bodies(heard),
    [1, 2, 3, 4].map(n => `</${n} >`)
  )
  assert.match(heard, /Connection: close[\s\S]*<\/4 >$/)
})

const CONTINUE = 'Expect: 100-continue\r\n'

test('a client that does not wait for 100 Continue keeps its connection', async t => {
  const { port } = await open(t, {}, (req, res) => {
    req.resume()
    whenRead(req, () => res.end(`<${req.url} >`))
  })
  const heard = await exchange(port, post('/1', 'hello', CONTINUE) + get('/2', 'Connection: close\r\n'))
  assert.deepEqual(bodies(heard), ['</1 >', '</2 >'])
})

test('a body that was not asked for ends the connection with the answer', async t => {
  const { port } = await open(t, {}, (req, res) => res.end(`<${req.url} >`))
  const heard = await exchange(port, `POST /1 HTTP/1.1\r\n${HOST}${CONTINUE}Content-Length: 5\r\n\r\n`)
  assert.match(heard, /^HTTP\/1\.1 200 OK[\s\S]*Connection: close/)
})

for (const [what, rest] of [
  ['the head', 'POST /b HT'],
  ['the body', post('/b', 'whole').slice(0, -2)],
  ['the chunks', `POST /b HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhe`]
] as const) {
  test(`a client that ends its half in ${what} of a further request has gone`, async t => {
    const held = new Held()
    const { port } = await open(t, {}, held.serve)
    const client = await RawClient.open(port)
    client.send(post('/a', 'whole') + rest)
    await held.until('the first request', () => held.open[0]?.body === 'whole')
    client.socket.end()
    await held.until('its end', () => held.closed === 1)
    assert.deepEqual(held.urls, ['/a'])
  })
}
