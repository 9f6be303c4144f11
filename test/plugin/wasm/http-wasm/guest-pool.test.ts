import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GatewayError } from '../../../../src/errors.js'
import { GuestPool } from '../../../../src/plugin/wasm/http-wasm/guest-pool.js'
import { requestOf } from '../../../support/request.js'
import { within } from '../../../support/waiting.js'

test('instances are made where none is idle, and used again', () => {
  let made = 0
  const pool = new GuestPool(() => ++made)
  const one = pool.take()!
  const two = pool.take()!
  pool.giveBack(one)
  assert.equal(pool.take(), one)
  pool.drop(one)
  pool.giveBack(two)
  assert.deepEqual([made, pool.busy], [2, 0])
  pool.keep(9)
  assert.equal(pool.take(), 9)
})

test('beyond the bound requests wait, in their order', async () => {
  let made = 0
  const pool = new GuestPool(() => ++made, undefined, 1)
  const first = pool.take()!
  assert.equal(pool.take(), undefined)
  const second = pool.wait(requestOf())
  const third = pool.wait(requestOf())
  pool.giveBack(first)
  assert.equal(await within('the second', second), 1)
  pool.drop(1)
  assert.equal(await within('the third', third), 2, 'a new one in place of one that failed')
  pool.giveBack(2)
  assert.equal(pool.busy, 0)
})

test('a request that is over waits no more', async () => {
  const pool = new GuestPool(() => 1, undefined, 1)
  const first = pool.take()!
  const request = requestOf()
  const waiting = pool.wait(request)
  request.exchange.close()
  await assert.rejects(waiting, (error: GatewayError) => error.code === 'SLUICE_ERR_CLIENT_ABORTED')
  pool.giveBack(first)
  assert.equal(pool.busy, 0, 'its turn went to none')
})

test('a request that waits hears when no instance can be made', async () => {
  let fails = false
  const pool = new GuestPool(
    () => {
      if (fails) throw new Error('no memory')
      return 1
    },
    undefined,
    1
  )
  pool.take()
  const waiting = pool.wait(requestOf())
  fails = true
  pool.drop(1)
  await assert.rejects(waiting, /no memory/)
  assert.throws(() => pool.take(), /no memory/)
  assert.equal(pool.busy, 0)
})
