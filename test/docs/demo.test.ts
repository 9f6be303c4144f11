import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { runDemo } from '../../src/demo.js'
import { GatewayError } from '../../src/errors.js'
import type { Gateway } from '../../src/index.js'
import { openGateway } from '../support/open-gateway.js'
import { fetch, once } from '../support/waiting.js'
import { blocksOf, readPage } from './pages.js'

/** Swallows what the demonstration prints, and keeps it. */
function printed(): { out: PassThrough; text: () => string } {
  const out = new PassThrough()
  let text = ''
  out.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  return { out, text: () => text }
}

describe('the demonstration', () => {
  const { out, text } = printed()
  let gateway: Gateway
  let base = ''

  before(async () => {
    gateway = await runDemo({ port: 0, out, tickMs: 5 })
    base = /curl -i (http:\/\/localhost:\d+)\//.exec(text())![1]!
  })
  after(() => gateway.close())

  const get = (path: string): Promise<Response> => fetch(base + path)

  test('passes bytes and fields of its upstream through', async () => {
    const response = await get('/orders/7')
    assert.equal(response.headers.get('x-upstream'), 'demo')
    assert.equal(await response.text(), '{"id":"7","user":"ada","total":129.9,"items":["valve","gate"]}')
  })

  test('joins three backends', async () => {
    const home = (await (await get('/home/ada')).json()) as {
      name: string
      orders: unknown[]
      weather: object
      password_hash?: string
    }
    assert.equal(home.name, 'Ada Lovelace')
    assert.equal(home.orders.length, 2)
    assert.deepEqual(home.weather, { sky: 'clear', celsius: 21.5 })
    assert.equal(home.password_hash, undefined)
  })

  test('calls a backend with a field of another one', async () => {
    assert.deepEqual(await (await get('/orders/8/customer')).json(), {
      order: { user: 'alan', total: 129.9 },
      customer: { full_name: 'Alan Turing', city: 'Wilmslow' }
    })
  })

  test('sends events as they happen', async () => {
    const response = await get('/ticks')
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    let seen = ''
    for await (const part of response.body!) {
      seen += Buffer.from(part).toString()
      if (seen.includes('id: 3')) break
    }
    assert.match(seen, /id: 1\ndata: .*\n\nid: 2\n/)
  })

  test('answers for a backend that fails', async () => {
    const response = await get('/fragile')
    assert.equal(response.headers.get('x-krakend-completed'), 'false')
    assert.deepEqual(await response.json(), { source: 'static', stock: 'unknown' })
  })

  test('streams an upload', async () => {
    const response = await fetch(`${base}/upload`, { method: 'POST', body: Buffer.alloc(3_000_000) })
    assert.equal(((await response.json()) as { bytes: number }).bytes, 3_000_000)
  })

  test('an unknown user is a backend that fails', async () => {
    const response = await get('/home/unknown')
    assert.equal(response.headers.get('x-krakend-completed'), 'false')
    assert.deepEqual(await response.json(), { weather: { sky: 'clear', celsius: 21.5 } })
  })

  test('the README’s own gateway runs over it', async t => {
    const file = 'fixtures/demo/own.json'
    const config = JSON.parse(readPage(file)) as { host: string[]; port: number }
    const shown = blocksOf('README.md').find(one => one.language === 'json')!
    assert.deepEqual(JSON.parse(shown.text), config)
    const { port } = await openGateway(t, { ...config, host: [base.replace('localhost', '127.0.0.1')] })
    const answer = (await (await fetch(`http://127.0.0.1:${port}/user/ada`)).json()) as Record<string, unknown>
    assert.equal(answer.name, 'Ada Lovelace')
    assert.deepEqual(answer.weather, { sky: 'clear' })
    assert.deepEqual(answer.latest_order, { total: 129.9, items: ['valve', 'gate'] })
    const lines = blocksOf('README.md').flatMap(one => one.text.split('\n').filter(line => line.startsWith('npx sluice')))
    assert.ok(lines.filter(line => line.includes(file)).length >= 3)
    assert.ok(readPage('README.md').includes(`http://localhost:${config.port}/user/ada`))
  })

  test('every curl line of the README is one that it prints', () => {
    const lines = blocksOf('README.md')
      .filter(one => one.language === 'sh')
      .flatMap(one => one.text.split('\n'))
      .filter(line => line.includes('curl ') && line.includes('localhost:8080'))
    assert.ok(lines.length > 4)
    for (const line of lines) assert.ok(text().includes(line.replace('http://localhost:8080', base)), line)
  })
})

test('a taken port is one clear error, and nothing is left open', async () => {
  const other = createServer().listen(0)
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  try {
    await assert.rejects(runDemo({ port, out: printed().out }), error => {
      assert.ok(error instanceof GatewayError)
      assert.equal(error.code, 'SLUICE_ERR_CONFIG_LISTEN')
      assert.ok(error.message.includes(String(port)))
      return true
    })
  } finally {
    other.close()
  }
})

test('closing ends the upstream too, whatever still streams', async () => {
  const { out, text } = printed()
  const gateway = await runDemo({ port: 0, out, tickMs: 5 })
  const [, base, upstream] = /serves (\S+) over an upstream at (\S+)\. /.exec(text())!
  const response = await fetch(`${base}/ticks`)
  const reader = response.body!.getReader()
  await reader.read()
  const readToEnd = async (): Promise<void> => {
    while (!(await reader.read()).done);
  }
  const cut = assert.rejects(readToEnd(), 'a stream that is cut never ends cleanly')
  assert.equal(await gateway.close({ graceMs: 1 }), false)
  await cut
  await assert.rejects(fetch(`${upstream}/orders/7`))
})
