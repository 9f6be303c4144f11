import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { OpeningWatch } from '../../src/client/opening-times.js'

const socket = (): Socket => new EventEmitter() as unknown as Socket

test('parts that do not happen take no time', () => {
  const plain = socket()
  const { lookupMs, tlsMs } = new OpeningWatch(plain)
  plain.emit('connect')
  assert.deepEqual([lookupMs, tlsMs], [0, 0])
  const unknown = new OpeningWatch(undefined)
  assert.deepEqual([unknown.lookupMs, unknown.tlsMs], [0, 0])
})

test('the first address that is found ends the look-up; TLS begins with the connection', t => {
  let now = 10
  t.mock.method(performance, 'now', () => now)
  const opened = socket()
  const times = new OpeningWatch(opened)
  now = 12
  opened.emit('lookup')
  now = 13
  opened.emit('lookup')
  now = 20
  opened.emit('connect')
  now = 25
  opened.emit('secureConnect')
  assert.deepEqual([times.lookupMs, times.tlsMs], [2, 5])
  assert.deepEqual(opened.eventNames(), [], 'nothing listens on')
})
