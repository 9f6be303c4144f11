/** `body.lazyJson()` between the other views of a body. */

import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { GatewayError } from '../../../src/errors.js'
import type { MessageBody } from '../../../src/message/body.js'
import { CollectSink } from '../../../src/message/collect-sink.js'
import { internals } from '../../../src/message/internals.js'
import { GatewayResponse, LazyObject } from '../../../src/plugin/index.js'

const TEXT = '{"id":12345678901234567890, "name":"Ada","list":[1.50,{"x":1}]}'

function responseOf(text: string): GatewayResponse {
  const response = new GatewayResponse({ headers: { 'Content-Type': 'application/json', ETag: '"1"' } })
  response.body.set(text)
  return response
}

async function viewOf(response: GatewayResponse): Promise<LazyObject> {
  const view = await response.body.lazyJson()
  assert.ok(view instanceof LazyObject)
  return view
}

test('a body that was read only travels on to the bit', async () => {
  const response = responseOf(TEXT)
  assert.equal((await viewOf(response)).get('name'), 'Ada')
  assert.equal(await viewOf(response), await viewOf(response))
  assert.equal((await response.body.buffer()).toString(), TEXT)
})

test('an edit is sent once touchJson says so, and outdates what described the bytes', async () => {
  const response = responseOf(TEXT)
  const view = await viewOf(response)
  view.set('name', 'Grace')
  response.body.touchJson()
  view.set('more', true)
  assert.equal(response.headers.get('etag'), 'W/"1"')
  assert.equal(response.body.length, undefined)
  assert.equal(
    (await response.body.buffer()).toString(),
    '{"id":12345678901234567890, "name":"Grace","list":[1.50,{"x":1}],"more":true}'
  )
})

test('json() after views sees their edits, and views after json() see its', async () => {
  const response = responseOf(TEXT)
  ;(await viewOf(response)).set('name', 'Grace')
  response.body.touchJson()
  await response.body.editJson<{ name: string; list: unknown[] }>(value => {
    assert.equal(value.name, 'Grace')
    value.list.push('end')
  })
  const view = await viewOf(response)
  view.set('name', `${view.get('name') as string} Hopper`)
  response.body.touchJson()
  const text = (await response.body.buffer()).toString()
  assert.equal(text, '{"id":12345678901234567890,"name":"Grace Hopper","list":[1.50,{"x":1},"end"]}')
})

test('a stage on bytes sees the edits of views', async () => {
  const response = responseOf(TEXT)
  ;(await viewOf(response)).delete('list')
  response.body.touchJson()
  response.body.transform({ chunk: chunk => Buffer.from(Buffer.from(chunk).toString().toUpperCase()) })
  assert.equal((await response.body.buffer()).toString(), '{"ID":12345678901234567890, "NAME":"ADA"}')
})

test('a view can be the body', async () => {
  const response = responseOf(TEXT)
  const made = new LazyObject()
  made.set('a', 1)
  response.body.setJson(made)
  made.set('b', 2)
  assert.deepEqual(await response.body.json(), { a: 1, b: 2 })
})

test('scalars, no body, bytes that are no UTF-8, and what is no JSON', async () => {
  assert.equal(await responseOf(' 7 ').body.lazyJson(), 7)
  assert.equal(await new GatewayResponse(200).body.lazyJson(), undefined)
  const broken = new GatewayResponse(200)
  broken.body.set(Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]))
  assert.equal((await viewOf(broken)).get('a'), '\ufffd')
  for (const text of ['{"a":1', '{"a":01}', 'x', '{} {}', '['.repeat(2000)])
    await assert.rejects(
      responseOf(text).body.lazyJson(),
      error => error instanceof GatewayError && error.code === 'SLUICE_ERR_BODY_NOT_JSON',
      text.slice(0, 10)
    )
})

test('the one that has edited says what is sent: a plain value that was read before views, or a view', async () => {
  const plain = responseOf(TEXT)
  const value = await plain.body.json<{ name: string }>()
  assert.equal((await viewOf(plain)).get('name'), 'Ada')
  value!.name = 'Grace'
  plain.body.touchJson()
  assert.equal((await plain.body.json<{ name: string }>())!.name, 'Grace')
  assert.equal((await viewOf(plain)).get('name'), 'Grace')
  const viewed = responseOf(TEXT)
  await viewed.body.json()
  ;(await viewOf(viewed)).set('name', 'Grace')
  viewed.body.touchJson()
  assert.equal((await viewed.body.json<{ name: string }>())!.name, 'Grace')
})

test('a decoded body is there without a promise, others are not', async () => {
  const response = responseOf(TEXT)
  assert.equal(response.body.lazyJsonInMemory(), undefined)
  await viewOf(response)
  assert.equal(response.body.lazyJsonInMemory(), undefined)
  const made = new LazyObject()
  response.body.setJson(made)
  assert.equal(response.body.lazyJsonInMemory(), made)
  assert.equal((await response.body.buffer()).toString(), '{}')
  assert.equal(response.body.lazyJsonInMemory(), undefined)
})

test('the text of a body, checked: as it came, with the edits of views and values, and of none', async () => {
  const response = responseOf(` ${TEXT} `)
  const text = async (): Promise<string> => Buffer.from((await response.body.jsonBytes())!).toString()
  assert.equal(await text(), TEXT)
  const view = await viewOf(response)
  assert.equal(await viewOf(response), view, 'views are kept')
  view.set('name', 'Grace')
  response.body.touchJson()
  assert.match(await text(), /"name": ?"Grace"/)
  response.body.setJson({ a: 1 })
  assert.equal(await text(), '{"a":1}')
  assert.equal((await response.body.buffer()).toString(), '{"a":1}')
  assert.equal(Buffer.from((await responseOf(' 7 ').body.jsonBytes())!).toString(), '7')
  assert.equal(await new GatewayResponse(200).body.jsonBytes(), undefined)
  await assert.rejects(responseOf('{"a":01}').body.jsonBytes(), /JSON/)
})

test('a body knows whether a reader may still use its memory', async () => {
  const lends = async (read: (body: MessageBody) => unknown): Promise<boolean> => {
    const { body } = internals(responseOf(TEXT))
    await read(body)
    return body.lends
  }
  assert.equal(await lends(body => body.json()), false)
  assert.equal(await lends(body => body.editJson(() => {})), false)
  assert.equal(await lends(body => body.lazyJson()), true)
  const two = async (body: MessageBody): Promise<void> => {
    await body.lazyJson()
    await body.lazyJson()
    body.dropViews()
  }
  assert.equal(await lends(two), true)
  assert.equal(await lends(body => two(body).then(() => body.dropViews())), false)
  for (const read of ['buffer', 'text', 'stream', 'bytesInMemory', 'jsonBytes'] as const)
    assert.equal(await lends(body => body[read]()), true)
  assert.equal(await lends(body => body.tap(() => {})), true)
})

for (const arrives of ['has come', 'still comes'] as const) {
  const open = (): MessageBody => {
    const { body } = internals(responseOf(TEXT))
    if (arrives === 'still comes') body.set(Readable.from([Buffer.from(TEXT)]))
    return body
  }

  for (const read of ['json', 'lazyJson', 'jsonBytes'] as const) {
    test(`${read}() without await gets the value of a body that ${arrives}, also when the body is sent next`, async () => {
      const body = open()
      const asked = [body[read](), body[read]()]
      const sent = body.takeWhenSettled()
      const [one, other] = await Promise.all(asked)
      assert.notEqual(one, undefined)
      assert.deepEqual(other, one)
      ;(await sent).destroy(new GatewayError('SLUICE_ERR_CLIENT_ABORTED'))
    })
  }

  test(`editJson() without await edits a body that ${arrives} before it is sent`, async () => {
    const body = open()
    void body.editJson<{ name: string }>(value => {
      value.name = 'Grace'
    })
    const sent = await body.takeWhenSettled()
    const text = await new Promise<string>((resolve, reject) => {
      sent.flow(new CollectSink(sent, 1000, (error, bytes) => (error === undefined ? resolve(bytes.toString()) : reject(error))))
    })
    assert.match(text, /"name": ?"Grace"/)
  })
}
