import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Transform } from 'node:stream'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type GatewayError, GatewayResponse, type HandlerFactory, items } from '../../src/plugin/index.js'
import { fetch } from '../support/waiting.js'
import { bodyOf, handlers, LEVELS, openAt, startUpstream } from './support.js'

/** A handler that does something to the answer. */
const onAnswer =
  (edit: (response: GatewayResponse) => unknown): HandlerFactory =>
  (_c, _e, next) =>
  async request => {
    const response = await next(request)
    await edit(response)
    return response
  }

for (const level of LEVELS) {
  describe(`bodies at ${level} scope`, () => {
    test('reading loses nothing: gzip, digits and spelling travel on to the bit', async t => {
      const text = '{ "n": 12345678901234567890,\n "p": 1.10, "e": 1e3, "z": -0 }'
      const bytes = gzipSync(text)
      const up = await startUpstream(t, (_q, r) =>
        r.writeHead(200, { 'Content-Encoding': 'gzip', ETag: '"a"', 'Content-MD5': 'x' }).end(bytes)
      )
      const reads = onAnswer(async response => {
        assert.equal((await response.body.json<{ p: number }>())!.p, 1.1)
        assert.equal(await response.body.text(), text)
        assert.equal(response.body.length, bytes.length)
      })
      const taps: Buffer[] = []
      const module = handlers({
        a: reads,
        b: reads,
        tap: onAnswer(r => r.body.tap(chunk => taps.push(Buffer.from(chunk)), { decoded: true }))
      })
      const { gateway } = await openAt(t, up.host, { level, names: ['a', 'b', 'tap'] }, [module])
      const answer = await gateway.request({ path: '/x' })
      assert.deepEqual(answer.body, bytes)
      assert.equal(answer.headers['content-encoding'], 'gzip')
      assert.equal(answer.headers.etag, '"a"')
      assert.equal(answer.headers['content-md5'], 'x')
      assert.equal(Buffer.concat(taps).toString(), text)
    })

    test('an edit drops the coding, digests and ranges, weakens the ETag, and keeps numbers that it did not replace', async t => {
      const up = await startUpstream(t, (_q, r) =>
        r
          .writeHead(200, { 'Content-Encoding': 'gzip', ETag: '"a"', Digest: 'x', 'Accept-Ranges': 'bytes' })
          .end(gzipSync('{"n":12345678901234567890,"p":1.10,"v":1}'))
      )
      const edits = onAnswer(r => r.body.editJson<{ v: number }>(value => void value.v++))
      const { gateway } = await openAt(t, up.host, { level, names: ['e', 'e'] }, [handlers({ e: edits })])
      const answer = await gateway.request({ path: '/x' })
      assert.equal(answer.text(), '{"n":12345678901234567890,"p":1.10,"v":3}')
      assert.equal(answer.headers['content-encoding'], undefined)
      assert.equal(answer.headers.etag, 'W/"a"')
      assert.equal(answer.headers.digest, undefined)
      assert.equal(answer.headers['accept-ranges'], undefined)
      assert.equal(answer.headers['content-length'], String(answer.body.length))
    })

    test('calls act in the order they are made, across views', async t => {
      const up = await startUpstream(t, (_q, r) => r.end('{"a":"x","list":[1,2,3]}'))
      const module = handlers({
        bytes: onAnswer(r => r.body.transform({ chunk: c => Buffer.from(Buffer.from(c).toString('latin1').replace('x', 'y')) })),
        value: onAnswer(r =>
          r.body.editJson<{ a: string }>(value => {
            value.a += 'z'
          })
        ),
        tokens: onAnswer(r => r.body.tokens(items<number>('list', n => (n === 2 ? undefined : n * 10)))),
        node: onAnswer(r =>
          r.body.transform(new Transform({ transform: (c: Buffer, _e, done) => done(null, `${c.toString('latin1')}`) }))
        ),
        end: onAnswer(r => r.body.transform({ chunk: c => c, end: () => Buffer.from('!') }))
      })
      const { gateway } = await openAt(t, up.host, { level, names: ['bytes', 'value', 'tokens', 'node', 'end'] }, [module])
      assert.equal((await gateway.request({ path: '/x' })).text(), '{"a":"yz","list":[10,30]}!')
    })

    test('over the limit the reader rejects and the body travels on whole; uncaught it is a failure', async t => {
      const bytes = randomBytes(200_000)
      const up = await startUpstream(t, (_q, r) => r.end(bytes))
      const codes: string[] = []
      const module = handlers({
        catches: onAnswer(async r => {
          await r.body.buffer(1000).catch(error => codes.push((error as GatewayError).code))
        }),
        fails: onAnswer(r => r.body.buffer(1000))
      })
      const caught = await openAt(t, up.host, { level, names: ['catches'] }, [module])
      assert.deepEqual((await caught.gateway.request({ path: '/x' })).body, bytes)
      assert.deepEqual(codes, ['SLUICE_ERR_BODY_TOO_LARGE'])
      const failed = await openAt(t, up.host, { level, names: ['fails'] }, [module])
      assert.equal((await failed.gateway.request({ path: '/x' })).status, 500)
    })

    test('a request body over the limit is 413, one that is not JSON 400', async t => {
      const up = await startUpstream(t, async (req, res) => res.end(await bodyOf(req)))
      const module = handlers({
        small: (_c, _e, next) => async request => {
          await request.body.json(100)
          return next(request)
        }
      })
      const { gateway } = await openAt(t, up.host, { level, names: ['small'], method: 'POST' }, [module])
      const send = (body: string) => gateway.request({ path: '/x', method: 'POST', body })
      assert.equal((await send('x'.repeat(1000))).status, 413)
      assert.equal((await send('no json')).status, 400)
      assert.equal((await send('{"n":1.10}')).text(), '{"n":1.10}')
      assert.equal((await send('')).status, 200)
    })

    test('set replaces the body: earlier stages do not run, earlier observers hear abort once', async t => {
      const up = await startUpstream(t, (_q, r) => r.end('old'))
      const heard: string[] = []
      const module = handlers({
        early: onAnswer(r => {
          r.body.tap({ chunk: () => heard.push('chunk'), end: () => heard.push('end'), abort: () => heard.push('abort') })
          r.body.transform({ chunk: () => assert.fail('ran') })
        }),
        late: onAnswer(r => r.body.set('new'))
      })
      const { gateway } = await openAt(t, up.host, { level, names: ['early', 'late'] }, [module])
      assert.equal((await gateway.request({ path: '/x' })).text(), 'new')
      assert.deepEqual(heard, ['abort'])
    })

    test('a stage that throws cuts the answer, and others hear abort', async t => {
      const up = await startUpstream(t, (_q, r) => r.setHeader('Content-Type', 'text/plain').end('x'.repeat(100_000)))
      const heard: string[] = []
      const module = handlers({
        tap: onAnswer(r => r.body.tap({ chunk: () => {}, end: () => heard.push('end'), abort: () => heard.push('abort') })),
        bad: onAnswer(r => r.body.transform({ chunk: () => assert.fail('stage') }))
      })
      const { gateway } = await openAt(t, up.host, { level, names: ['tap', 'bad'] }, [module])
      await assert.rejects(gateway.request({ path: '/x' }))
      assert.deepEqual(heard, ['abort'])
    })

    test('HEAD, 204 and 304 have an empty body, and the fields that describe one stay', async t => {
      const up = await startUpstream(t, (req, r) => {
        if (req.url === '/y?304') r.writeHead(304, { ETag: '"a"' }).end()
        else if (req.url === '/y?204') r.writeHead(204).end()
        else r.writeHead(200, { 'Content-Length': '7', ETag: '"a"' }).end()
      })
      const module = handlers({
        reads: onAnswer(async r => {
          assert.equal((await r.body.buffer()).length, 0)
          assert.equal(await r.body.json(), undefined)
          await r.body.editJson(() => assert.fail('called'))
          r.body.transform({ chunk: () => assert.fail('called'), end: () => assert.fail('called') })
        })
      })
      if (level !== 'service') {
        const root = { extra_config: { router: { auto_head: true } } }
        const head = await openAt(t, up.host, { level, names: ['reads'], backendMethod: 'HEAD', root }, [module])
        const answer = await head.gateway.request({ path: '/x', method: 'HEAD' })
        assert.equal(answer.status, 200)
        assert.equal(answer.headers['content-length'], '7')
        assert.equal(answer.headers.etag, '"a"')
      }
      const get = await openAt(t, up.host, { level, names: ['reads'] }, [module])
      for (const status of [204, 304]) assert.equal((await get.gateway.request({ path: `/x?${status}` })).status, status)
    })

    test('the head leaves before the body is there, through eight plugins', async t => {
      let send = (): void => {}
      const up = await startUpstream(t, (_q, r) => {
        r.writeHead(200, { 'Content-Type': 'text/event-stream' })
        r.flushHeaders()
        send = () => r.write('data: 1\n\n')
      })
      const module = handlers({ tap: onAnswer(r => r.body.tap(() => {})) })
      const { origin } = await openAt(t, up.host, { level, names: Array.from({ length: 8 }, () => 'tap') }, [module])
      const abort = new AbortController()
      const response = await fetch(`${origin}/x`, { signal: abort.signal })
      assert.equal(response.status, 200)
      const reader = response.body!.getReader()
      send()
      const { value } = await reader.read()
      assert.equal(Buffer.from(value!).toString(), 'data: 1\n\n')
      abort.abort()
    })

    test('constants are safe: one value given to many answers is copied before it is edited', async t => {
      const up = await startUpstream(t, (_q, r) => r.end())
      const constant = { n: 1 }
      const module = handlers({
        constant: () => () => GatewayResponse.json(constant),
        edits: onAnswer(r => r.body.editJson<{ n: number }>(value => void value.n++))
      })
      const { gateway } = await openAt(t, up.host, { level, names: ['constant', 'edits'] }, [module])
      for (let i = 0; i < 2; i++) assert.deepEqual((await gateway.request({ path: '/x' })).json(), { n: 2 })
      assert.deepEqual(constant, { n: 1 })
    })
  })
}
