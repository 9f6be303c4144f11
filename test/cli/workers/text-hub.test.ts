import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { mock, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { TextHub } from '../../../src/cli/workers/text-hub.js'
import type { ToTextHub } from '../../../src/plugin/run/text-messages.js'
import { WorkerTexts } from '../../../src/plugin/run/worker-texts.js'

/** A worker whose messages arrive at once. */
function workerOf(hub: TextHub, id: number): WorkerTexts {
  const channel = new EventEmitter()
  return new WorkerTexts({
    send: (message: ToTextHub) => hub.heard({ id, place: id, send: reply => channel.emit('message', reply) }, message),
    on: (event, listener) => channel.on(event, listener)
  })
}

test('a worker gets the texts of all that offer them, its own too', async () => {
  const hub = new TextHub()
  const [one, two, three] = [workerOf(hub, 1), workerOf(hub, 2), workerOf(hub, 3)]
  one.offer('x', () => 'a')
  const end = two.offer('x', async () => 'b')
  three.offer('y', () => 'c')
  assert.deepEqual(await three.gather('x'), [
    { worker: 1, text: 'a' },
    { worker: 2, text: 'b' }
  ])
  end()
  assert.deepEqual(await one.gather('x'), [{ worker: 1, text: 'a' }])
  assert.deepEqual(await one.gather('none'), [])
})

test('a text that cannot be made, and one of a worker that ends, are left out', async () => {
  const hub = new TextHub()
  const [one, two, three] = [workerOf(hub, 1), workerOf(hub, 2), workerOf(hub, 3)]
  one.offer('x', () => 'a')
  two.offer('x', () => Promise.reject(new Error('no')))
  three.offer('x', () => new Promise(() => undefined))
  const gathered = one.gather('x')
  await turn()
  hub.gone(3)
  assert.deepEqual(await gathered, [{ worker: 1, text: 'a' }])
})

test('a worker that does not answer in time is left out', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const hub = new TextHub()
    const [one, two] = [workerOf(hub, 1), workerOf(hub, 2)]
    one.offer('x', () => 'a')
    two.offer('x', () => new Promise(() => undefined))
    const gathered = one.gather('x')
    await turn()
    mock.timers.tick(2000)
    assert.deepEqual(await gathered, [{ worker: 1, text: 'a' }])
  } finally {
    mock.timers.reset()
  }
})

test('the end of an older offer does not end the newer one', async () => {
  const hub = new TextHub()
  const one = workerOf(hub, 1)
  const end = one.offer('x', () => 'old')
  one.offer('x', () => 'new')
  end()
  assert.deepEqual(await one.gather('x'), [{ worker: 1, text: 'new' }])
})

test('without a primary that answers, gathering fails', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const gathered = new WorkerTexts({ send: () => true, on: () => undefined }).gather('x')
    mock.timers.tick(10_000)
    await assert.rejects(gathered, /the primary process does not answer/)
  } finally {
    mock.timers.reset()
  }
})
