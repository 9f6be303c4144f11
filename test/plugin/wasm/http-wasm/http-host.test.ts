/** The host functions, called by guests in a gateway. */

import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { describe, test } from 'node:test'
import { json, LEVELS, startUpstream } from '../../support.js'
import { drop, guest, host, low, type Op, store } from '../guest.js'
import { openGuests } from '../support.js'

/** Writes what a function has put at 0 as the body of the guest's own response. */
const shows = (length: Op): Buffer => guest({ request: [host.write_body!(1, 0, length)], result: 0n })
/** The same for functions whose length is the low half of an i64. */
const showsList = (result: Op): Buffer => shows(low(result))

async function shown(t: Parameters<typeof openGuests>[0], bytes: Buffer, request: object = {}, at: object = {}): Promise<string> {
  const up = await startUpstream(t, json({}))
  const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes }, at)
  const answer = await gateway.request({ path: '/x', ...request })
  assert.equal(answer.status, 200, answer.text())
  return answer.text()
}

test('what a request says', async t => {
  assert.equal(await shown(t, shows(host.get_method!(0, 99))), 'GET')
  assert.equal(await shown(t, shows(host.get_uri!(0, 99)), { path: '/x?a=%26&b' }), '/x?a=%26&b')
  assert.equal(await shown(t, shows(host.get_protocol_version!(0, 99))), 'HTTP/1.1')
  const headers = { 'X-B': ['1', '2'], 'x-a': '\xe9' }
  assert.equal(await shown(t, showsList(host.get_header_values!(0, 'x-B', 0, 99)), { headers }), '1\x002\0')
  assert.equal(await shown(t, showsList(host.get_header_values!(0, 'none', 0, 99)), { headers }), '')
  assert.match(await shown(t, showsList(host.get_header_names!(0, 0, 999)), { headers }), /^host\0(?:.+\0)?x-b\0.*x-a\0/)
  assert.match(await shown(t, shows(host.get_source_addr!(0, 99))), /^127\.0\.0\.1:\d+$/)
})

test('a buffer that is too small is not written to, and the length is told', async t => {
  const full = guest({ request: [host.write_body!(1, 0, host.get_uri!(0, 3))], result: 0n })
  assert.equal(await shown(t, full, { path: '/x?yz' }), '\0\0\0\0\0')
  const names = guest({ request: [host.write_body!(1, 0, low(host.get_header_values!(0, 'x-a', 0, 3)))], result: 0n })
  assert.equal(await shown(t, names, { headers: { 'x-a': '123' } }), '\0\0\0\0')
})

test('edits of the request count where those of plugins count', async t => {
  const up = await startUpstream(t, (req, res) => {
    res.end(
      `${req.method} ${req.url} ${req.headers['x-set']} ${req.headers['x-add']} ${req.headers['x-gone']} ${req.headers.host}`
    )
  })
  const bytes = guest({
    request: [
      host.set_method!('POST'),
      host.set_uri!('/other?q=1'),
      host.set_header_value!(0, 'X-Set', 'new'),
      host.add_header_value!(0, 'X-Add', 'second'),
      host.remove_header!(0, 'x-gone'),
      host.set_header_value!(0, 'Content-Length', '99')
    ]
  })
  const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes }, { level: 'backend' })
  const answer = await gateway.request({
    path: '/x',
    headers: { 'x-set': 'old', 'x-add': 'first', 'x-gone': '1', 'x-stays': '1' }
  })
  assert.match(answer.text(), /^POST \/other\?q=1 new first, second undefined 127\.0\.0\.1:/)
})

test('URIs: empty, absolute, beyond ASCII; what is none ends the request', async t => {
  const uris: [string, string | undefined][] = [
    ['', '/'],
    ['?a', '/?a'],
    ['http://elsewhere.test/p?q', '/p?q'],
    ['/caf\u00e9', '/caf%C3%A9'],
    ['no-slash', undefined],
    ['/a b', undefined],
    ['/a\nb', undefined]
  ]
  const up = await startUpstream(t, (req, res) => res.end(req.url))
  for (const [uri, expected] of uris) {
    const bytes = guest({ request: [host.set_uri!(uri)] })
    const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes }, { level: 'backend' })
    const answer = await gateway.request({ path: '/x' })
    assert.deepEqual([answer.status, answer.text()], expected === undefined ? [500, ''] : [200, expected], uri)
  }
})

for (const level of LEVELS) {
  test(`${level}: a response of its own`, async t => {
    const up = await startUpstream(t, json({}))
    const bytes = guest({
      request: [
        host.set_status_code!(403),
        host.set_header_value!(1, 'Content-Type', 'text/plain'),
        host.set_header_value!(1, 'ETag', '"1"'),
        host.add_header_value!(1, 'Set-Cookie', 'a=1'),
        host.add_header_value!(1, 'Set-Cookie', 'b=2'),
        host.set_header_value!(1, 'Content-Length', '1'),
        host.write_body!(1, 'no '),
        host.write_body!(1, 'entry'),
        drop(host.get_status_code!())
      ],
      result: 0n
    })
    const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes }, { level })
    const answer = await gateway.request({ path: '/x' })
    assert.deepEqual([answer.status, answer.text()], [403, 'no entry'])
    assert.equal(answer.headers['content-type'], 'text/plain')
    assert.equal(answer.headers.etag, '"1"')
    assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2'])
    assert.equal(answer.headers['content-length'], '8')
    assert.deepEqual(up.calls, [])
  })
}

describe('configuration and log', () => {
  const own = (config: unknown): object => ({ own: { guest: config } })

  test('options are JSON, a text is itself, none are nothing', async t => {
    const config = guest({ request: [host.write_body!(1, 0, host.get_config!(0, 999))], result: 0n })
    assert.equal(await shown(t, config, {}, own({ a: [1, 'b'] })), '{"a":[1,"b"]}')
    assert.equal(await shown(t, config, {}, own('as it is')), 'as it is')
    assert.equal(await shown(t, config), '')
  })

  test('lines have their level and the name of the guest', async t => {
    const bytes = guest({
      request: [
        host.log!(-1, 'one'),
        host.log!(0, 'two'),
        host.log!(1, 'three'),
        host.log!(2, 'four'),
        host.log!(3, 'never'),
        host.log!(9, 'never')
      ]
    })
    const up = await startUpstream(t, json({}))
    const { gateway, log } = await openGuests(t, up.host, { 'guest.wasm': bytes })
    await gateway.request({ path: '/x' })
    for (const line of [
      'DEBUG: [PLUGIN: guest] one',
      'INFO: [PLUGIN: guest] two',
      'WARNING: [PLUGIN: guest] three',
      'ERROR: [PLUGIN: guest] four'
    ])
      assert.ok(log.text.includes(line), line)
    assert.ok(!log.text.includes('never'))
  })

  test('log_enabled follows the level of the log', async t => {
    const flag = (level: number): Op => store(level * 4 + 4, host.log_enabled!(level))
    const bytes = guest({ request: [flag(-1), flag(0), flag(1), flag(2), flag(3), host.write_body!(1, 0, 20)], result: 0n })
    const up = await startUpstream(t, json({}))
    for (const [level, flags] of [
      ['DEBUG', [1, 1, 1, 1, 0]],
      ['WARNING', [0, 0, 1, 1, 0]]
    ] as const) {
      const root = { extra_config: { 'telemetry/logging': { level, stdout: true } } }
      const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes }, { root })
      const enabled = Buffer.from((await gateway.request({ path: '/x' })).body)
      assert.deepEqual(
        [0, 4, 8, 12, 16].map(at => enabled.readUInt32LE(at)),
        flags
      )
    }
  })
})

test('enable_features returns what is supported, and counts for the rest of the request', async t => {
  const bytes = guest({
    request: [store(0, host.enable_features!(2)), store(4, host.enable_features!(-1)), host.write_body!(1, 0, 8)],
    result: 0n
  })
  const up = await startUpstream(t, json({}))
  const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes })
  for (let i = 0; i < 2; i++) {
    const body = Buffer.from((await gateway.request({ path: '/x' })).body)
    assert.deepEqual([body.readUInt32LE(0), body.readUInt32LE(4)], [2, 7])
  }
})

describe('what the ABI forbids ends the request, and that one alone', () => {
  const forbidden: Record<string, [parts: Parameters<typeof guest>[0], line: RegExp]> = {
    'set_method after next': [{ response: [host.set_method!('POST')] }, /can't set method after next handler/],
    'set_uri after next': [{ response: [host.set_uri!('/')] }, /can't set uri after next handler/],
    'an empty method': [{ request: [host.set_method!('')] }, /"" is no HTTP method/],
    'a request header after next': [
      { response: [host.set_header_value!(0, 'a', 'b')] },
      /can't set request header after next handler/
    ],
    'adding one': [{ response: [host.add_header_value!(0, 'a', 'b')] }, /can't add request header after next handler/],
    'removing one': [{ response: [host.remove_header!(0, 'a')] }, /can't remove request header after next handler/],
    'a request body after next': [{ response: [host.write_body!(0, 'b')] }, /can't write request body after next handler/],
    'reading one': [{ response: [drop(host.read_body!(0, 0, 9))] }, /can't read request body after next handler/],
    'a response header without buffer_response': [
      { response: [host.set_header_value!(1, 'a', 'b')] },
      /can't set response header after next handler unless buffer_response is enabled/
    ],
    'a status without it': [
      { response: [host.set_status_code!(200)] },
      /can't set status code after next handler unless buffer_response/
    ],
    'a response body without it': [
      { response: [host.write_body!(1, 'b')] },
      /can't write response body after next handler unless buffer_response/
    ],
    'reading it': [
      { response: [drop(host.read_body!(1, 0, 9))] },
      /can't read response body after next handler unless buffer_response/
    ],
    'a status that is none': [{ request: [host.set_status_code!(99)] }, /a response status is a number from 200 to 599, not 99/],
    'an unknown kind of header': [{ request: [drop(host.get_header_names!(4, 0, 9))] }, /unsupported header kind: 4/],
    'an unknown kind of body': [{ request: [host.write_body!(2, 'b')] }, /unsupported body kind: 2/],
    'a header without a name': [{ request: [host.set_header_value!(0, '', 'b')] }, /HTTP header name cannot be empty/],
    'an illegal name': [{ request: [host.set_header_value!(0, 'a b', 'b')] }, /illegal header name/],
    'an illegal value': [{ request: [host.set_header_value!(0, 'a', 'b\r\nc: d')] }, /illegal value for header a/],
    'a buffer of no size': [{ request: [drop(host.read_body!(0, 0, 0))] }, /buf_limit==0 reading body/],
    'memory that is not there': [{ request: [host.set_uri!(65_530, 100)] }, /out of memory reading uri/],
    'a place beyond 2 GiB': [{ request: [host.set_uri!(-5, 4)] }, /out of memory reading uri/],
    'writing there': [{ request: [drop(host.get_uri!(65_535, 9))] }, /out of memory writing/],
    'a request trailer': [{ request: [host.set_header_value!(2, 'a', 'b')] }, /requests are sent to backends without trailers/]
  }
  for (const [what, [parts, line]] of Object.entries(forbidden)) {
    test(what, async t => {
      const up = await startUpstream(t, json({ ok: true }))
      const { gateway, log } = await openGuests(t, up.host, { 'bad.wasm': guest(parts), 'good.wasm': guest({}) })
      const answer = await gateway.request({ path: '/x' })
      assert.equal(answer.status, 500)
      assert.equal(answer.text(), '')
      assert.match(await log.line(line), /ERROR: \[ENDPOINT: \/x\]\[Plugin: bad\] \S+bad\.wasm:/)
    })
  }
})

test('HTTP/2: version, and the host that stands in no field', async t => {
  const up = await startUpstream(t, json({}))
  const bytes = guest({
    request: [
      host.write_body!(1, 0, host.get_protocol_version!(0, 99)),
      host.write_body!(1, ' '),
      host.write_body!(1, 0, low(host.get_header_values!(0, 'host', 0, 99)))
    ],
    result: 0n
  })
  const { origin } = await openGuests(t, up.host, { 'guest.wasm': bytes }, { root: { use_h2c: true } })
  const client = connect(origin)
  t.after(() => client.destroy())
  const stream = client.request({ ':path': '/x', ':authority': 'there.test' })
  let text = ''
  for await (const chunk of stream) text += chunk
  assert.equal(text, 'HTTP/2.0 there.test\0')
})

test('a Host that a guest sets is the one that goes on', async t => {
  const up = await startUpstream(t, json({}))
  const files = {
    'inner.wasm': showsList(host.get_header_values!(0, 'host', 0, 99)),
    'outer.wasm': guest({ request: [host.set_header_value!(0, 'Host', 'other.test')] })
  }
  const { gateway } = await openGuests(t, up.host, files, { level: 'service', names: ['inner', 'outer'] })
  assert.equal((await gateway.request({ path: '/x' })).text(), 'other.test\0')
})
