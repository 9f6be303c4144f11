import assert from 'node:assert/strict'
import { get, type IncomingMessage } from 'node:http'
import { type TestContext, test } from 'node:test'
import { MAX_CLIENTS, StatusEvents } from '../../../src/admin/status/events.js'
import { once, pause, until } from '../../support/waiting.js'
import { ask, openAdmin } from '../support.js'

async function opened(t: TestContext, state: () => object = () => ({ n: 1 })) {
  const { server, port } = await openAdmin(t)
  const events = new StatusEvents({ state })
  server.route('/events', { methods: ['GET'], handle: (req, res) => events.add(req, res) })
  const connect = async (): Promise<IncomingMessage> => {
    const req = get({ host: '127.0.0.1', port, path: '/events', agent: false })
    t.after(() => req.destroy())
    const [res] = await once<[IncomingMessage]>(req, 'response')
    return res
  }
  return { events, connect, port }
}

function textOf(res: IncomingMessage): () => string {
  let text = ''
  res.setEncoding('utf8').on('data', part => {
    text += part
  })
  return () => text
}

test('everything comes first, then what changes', async t => {
  let n = 0
  const { connect } = await opened(t, () => ({ n: ++n, same: { a: 1 }, ...(n === 1 ? { gone: 1 } : {}) }))
  const res = await connect()
  assert.equal(res.headers['content-type'], 'text/event-stream; charset=utf-8')
  const text = textOf(res)
  await until(() => text().includes('event: live\ndata: {"n":2,"gone":null}\n\nevent: live\ndata: {"n":3}\n\n'), 'live events')
  assert.match(text(), /^retry: 2000\n\nevent: all\ndata: {"n":1,"same":{"a":1},"gone":1}\n\n/)
})

test('where nothing has changed an event says so: a page knows that the gateway lives', async t => {
  const { connect } = await opened(t)
  const text = textOf(await connect())
  await until(() => text().includes('event: live\ndata: {}\n\n'), 'an empty event')
})

test('a state is made once a second, and not at all without clients', async t => {
  let made = 0
  const { events, connect } = await opened(t, () => ({ made: ++made }))
  const clients = await Promise.all([connect(), connect(), connect()])
  const texts = clients.map(textOf)
  const numbers = (): number[][] => texts.map(text => [...text().matchAll(/"made":(\d+)/g)].map(([, number]) => Number(number)))
  await until(() => numbers().every(some => some.length >= 3), 'two changes at each')
  // each has all from its first one on: none was made for another client
  for (const some of numbers()) assert.deepEqual(some.slice(0, 3), [some[0]!, some[0]! + 1, some[0]! + 2])
  for (const client of clients) client.destroy()
  await until(() => events.size === 0, 'all to leave')
})

test('one that comes later gets the state of the others, and the same changes', async t => {
  let made = 0
  const { connect } = await opened(t, () => ({ made: ++made, rows: { 1: { a: 1 } } }))
  const first = textOf(await connect())
  await until(() => first().includes('event: live'), 'a change')
  const late = textOf(await connect())
  await until(() => late().includes('event: live'), 'a change at the late one')
  const [, all, live] = /event: all\ndata: (.*)\n\nevent: live\ndata: (.*)\n/.exec(late())!
  assert.deepEqual([JSON.parse(all!).rows, JSON.parse(live!)], [{ 1: { a: 1 } }, { made: JSON.parse(all!).made + 1 }])
})

test('clients are bounded; one that is too much is told to come later', async t => {
  const { events, connect, port } = await opened(t)
  for (let i = 0; i < MAX_CLIENTS; i++) await connect()
  const refused = await ask(port, '/events')
  assert.deepEqual([refused.status, refused.headers['retry-after'], events.size], [503, '30', MAX_CLIENTS])
})

test('a client that reads nothing misses events, and gets what it missed in one', async t => {
  const big = 'x'.repeat(8 * 1024 * 1024)
  let made = 0
  const { connect } = await opened(t, () => ({ made: ++made, big: `${big}${made % 2}`, ...(made === 3 ? { third: 1 } : {}) }))
  const slow = await connect()
  slow.pause()
  const quick = await connect()
  quick.resume()
  await until(() => made >= 5, 'five events')
  const got: number[] = []
  let text = ''
  slow.setEncoding('latin1').on('data', (part: string) => {
    text += part
    for (const [, number] of part.matchAll(/"made":(\d+)/g)) got.push(Number(number))
  })
  slow.resume()
  await until(() => got.some(number => number > 5), 'an event of later')
  assert.ok(got.filter(number => number <= 5).length < 5, `got ${got}`)
  assert.ok(text.indexOf('event: all') === text.lastIndexOf('event: all') && !text.includes('third'))
})

test('clients that do not read cost neither events nor memory', async t => {
  let made = 0
  const { connect } = await opened(t, () => ({ made: ++made, big: 'x'.repeat(8 * 1024 * 1024) }))
  const clients = await Promise.all([connect(), connect(), connect()])
  for (const client of clients) client.pause()
  await until(() => made > 0, 'the first event')
  // how many events fill all connections depends on the machine; then three would have been due, and none is made
  let before = 0
  let held = 0
  await until(async () => {
    before = made
    held = process.memoryUsage().external
    await pause(3_500)
    return made === before
  }, 'the event that fills all connections')
  assert.ok(process.memoryUsage().external - held < 16 * 1024 * 1024)
})

test('end closes all; browsers come again', async t => {
  const { events, connect } = await opened(t)
  const res = await connect()
  res.resume()
  events.end()
  await once(res, 'close')
  await until(() => events.size === 0, 'the client to be forgotten')
})
