import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MAX_STREAMS } from '../../src/server/http2-connection.js'
import { StreamPlaces } from '../../src/server/stream-places.js'
import { DATA, END_HEADERS, END_STREAM, FrameClient, frame, HEADERS, head, reset } from '../support/frames.js'
import { stopClock } from '../support/time.js'
import { once, until } from '../support/waiting.js'
import { echo, open } from './listening.js'

const LONG_MS = 1e9
const CANCEL = 8

function places(most: number, holdMs: number) {
  const started: string[] = []
  const all = new StreamPlaces<string>(most, holdMs)
  const enter = (name: string): void => {
    if (all.take()) started.push(name)
    else all.wait(name, () => started.push(name))
  }
  return { all, started, enter }
}

describe('places of one connection', () => {
  test('are taken in turn; a request that ends makes room for the next one that waits', () => {
    const { all, started, enter } = places(2, LONG_MS)
    for (const name of ['a', 'b', 'c', 'd']) enter(name)
    assert.deepEqual(started, ['a', 'b'])
    assert.equal(all.leave('a', false), true)
    assert.deepEqual(started, ['a', 'b', 'c'])
    enter('e')
    all.leave('b', false)
    assert.deepEqual(started, ['a', 'b', 'c', 'd'], 'the newest one is last')
  })

  test('are held for a while when the client has reset the stream', async t => {
    const move = stopClock(t)
    const { all, started, enter } = places(2, 20)
    enter('a')
    enter('b')
    all.leave('a', true)
    all.leave('b', true)
    enter('c')
    assert.deepEqual(started, ['a', 'b'])
    move(20)
    // the timer keeps no process alive
    const alive = setInterval(() => {}, 5)
    await until(() => started.includes('c'), 'the place of a reset stream')
    clearInterval(alive)
  })

  test('are not held for a request that was reset while it waited', () => {
    const { all, started, enter } = places(1, LONG_MS)
    for (const name of ['a', 'b', 'c']) enter(name)
    assert.equal(all.leave('b', true), false)
    all.leave('a', false)
    assert.deepEqual(started, ['a', 'c'])
  })

  test('are given in the call that frees one, also when a request ends while it starts', () => {
    const started: string[] = []
    const all = new StreamPlaces<string>(1, LONG_MS)
    all.take()
    for (const name of ['b', 'c', 'd'])
      all.wait(name, () => {
        started.push(name)
        all.leave(name, false)
      })
    all.leave('a', false)
    assert.deepEqual(started, ['b', 'c', 'd'])
    assert.equal(all.take(), true)
  })
})

const get = (id: number): Buffer => frame(HEADERS, END_STREAM | END_HEADERS, id, head('GET', '/x'))

describe('a client that resets what it asks for', () => {
  test('starts no more requests in a second than it may have open', async t => {
    let served = 0
    const { port, infos } = await open(t, { useH2c: true }, (_req, res) => {
      served++
      res.on('close', () => {})
    })
    const client = await FrameClient.open(t, port)
    const since = performance.now()
    let id = 1
    for (let round = 0; round < 16 && !client.closed; round++) {
      const ids = Array.from({ length: 50 }, () => (id += 2))
      client.send(...ids.map(get))
      // the gateway has read the requests before it reads that they were taken back
      await until(() => served + infos.length >= (round + 1) * 50 || served >= MAX_STREAMS, 'the requests')
      client.send(...ids.map(one => reset(one, CANCEL)))
    }
    const seconds = Math.floor((performance.now() - since) / 1000) + 1
    assert.ok(served <= MAX_STREAMS * seconds, `${served} requests were served within ${seconds} s`)
  })

  test('is served further, a while later', async t => {
    let served = 0
    const { port, infos } = await open(t, { useH2c: true }, (req, res) => {
      if (++served > MAX_STREAMS) echo(req, res)
    })
    const client = await FrameClient.open(t, port)
    const ids = Array.from({ length: MAX_STREAMS }, (_, i) => 2 * i + 1)
    client.send(...ids.map(get))
    await until(() => served === MAX_STREAMS, 'all streams')
    const [body, taken] = [1001, 1003]
    client.send(...ids.map(id => reset(id, CANCEL)))
    // newer versions of Node.js refuse streams that come in one read with those resets
    await client.heard()
    client.send(frame(HEADERS, END_HEADERS, body, head('POST', '/late')), get(taken))
    client.send(frame(DATA, END_STREAM, body, 'hello'), reset(taken, CANCEL))
    assert.equal(await client.ended(body), 'END_STREAM')
    assert.equal(client.body(body), 'POST /late <hello>')
    await until(() => infos.some(info => info.status === 499) || served > MAX_STREAMS + 1, 'the request that was taken back')
  })

  test('and leaves while requests wait leaves nothing behind', async t => {
    let served = 0
    const { port, listener } = await open(t, { useH2c: true }, () => {
      served++
    })
    const client = await FrameClient.open(t, port)
    const ids = Array.from({ length: MAX_STREAMS }, (_, i) => 2 * i + 1)
    client.send(...ids.map(get))
    await until(() => served === MAX_STREAMS, 'all streams')
    client.send(...ids.map(id => reset(id, CANCEL)), get(1001))
    client.socket.destroy()
    await once(client.socket, 'close')
    await until(() => listener.connections === 0, 'the end of the connection')
  })
})

test('responses that the gateway cuts hold no place', async t => {
  const { port } = await open(t, { useH2c: true }, (_req, res) => {
    res.writeHead(200)
    res.write('x')
    setImmediate(() => res.destroy())
  })
  const client = await FrameClient.open(t, port)
  for (let round = 0; round < 3; round++) {
    const ids = Array.from({ length: MAX_STREAMS }, (_, i) => 1 + 2 * (round * MAX_STREAMS + i))
    client.send(...ids.map(get))
    for (const id of ids) assert.match(await client.ended(id), /^RST_STREAM/)
  }
})
