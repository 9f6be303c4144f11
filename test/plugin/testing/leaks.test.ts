import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limited, quiet, until } from '../../../src/plugin/testing/leaks.js'

/** A clock that is at each look as many ms further. */
function clockOf(t: { mock: typeof import('node:test').mock }, ms: number): void {
  let at = 0
  t.mock.method(performance, 'now', () => {
    at += ms
    return at
  })
}

/** What is looked at here does not keep the process alive. */
function keepAlive(t: { after(end: () => void): void }): void {
  const timer = setInterval(() => {}, 1000)
  t.after(() => clearInterval(timer))
}

test('what is left has time to go, however long the process stands still meanwhile', async t => {
  clockOf(t, 60_000)
  let looks = 0
  assert.equal(await until(() => ++looks === 40), true)
})

test('what stays is given up after a while', async t => {
  clockOf(t, 4)
  let looks = 0
  assert.equal(
    await until(() => {
      looks++
      return false
    }),
    false
  )
  assert.equal(looks, 252, 'more than a second in steps of 4 ms')
})

test('an exchange has time to end, however long the process stands still meanwhile', async t => {
  clockOf(t, 60_000)
  const turns = async (): Promise<string> => {
    for (let turn = 0; turn < 40; turn++) await new Promise(resolve => setTimeout(resolve, 1))
    return 'over'
  }
  assert.equal(await limited(turns(), 300), 'over')
})

test('an exchange that hangs is given up after its deadline and a while', async t => {
  keepAlive(t)
  clockOf(t, 5)
  assert.equal(await limited(new Promise(() => {}), 300), undefined)
  assert.equal(performance.now(), 5 * (1 + 3300 / 5 + 1), 'a look at its begin, and one for each 5 ms')
})

test('a quiet moment has turns in which something may come, also when the process stands still', async t => {
  keepAlive(t)
  clockOf(t, 60_000)
  await quiet()
  assert.equal(performance.now(), 60_000 * (1 + 40 / 5 + 1))
})
