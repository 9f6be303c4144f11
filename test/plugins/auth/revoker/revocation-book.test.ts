import assert from 'node:assert/strict'
import { mock, type TestContext, test } from 'node:test'
import { RevocationBook } from '../../../../plugins/auth/revoker/revocation-book.js'

const FORM = { n: 100, p: 0.01, hash: 'optimal' } as const
const OTHER = { ...FORM, n: 200 }
const [a, b] = [Buffer.from('jti-a'), Buffer.from('jti-b')]

/** A book whose clock the test moves. */
function open(t: TestContext): { book: RevocationBook; pass(seconds: number): void } {
  mock.timers.enable({ apis: ['setTimeout'] })
  let now = 0
  const book = new RevocationBook(() => now)
  t.after(() => {
    book.close()
    mock.timers.reset()
  })
  const pass = (seconds: number): void => {
    now += seconds * 1000
    mock.timers.tick(seconds * 1000)
  }
  return { book, pass }
}

test('configurations with the same form share a filter, whatever else differs', async t => {
  const { book } = open(t)
  const first = book.open(FORM, 10)
  const second = book.open({ ...FORM }, 20)
  assert.equal(first.filter, second.filter)
  await first.filter.addAll([a])
  assert.equal(second.has(a), true)
})

test('a former filter is looked into until it has forgotten, and dropped then', async t => {
  const { book, pass } = open(t)
  const former = book.open(FORM, 10)
  await former.filter.addAll([a])
  const newest = book.open(OTHER, 1000)
  former.leave()
  await newest.filter.addAll([b])
  assert.deepEqual([newest.has(a), newest.has(b), newest.filter.has(a)], [true, true, false])
  pass(29)
  assert.deepEqual([newest.has(a), newest.has(b)], [true, true])
  pass(1)
  assert.deepEqual([newest.has(a), newest.has(b)], [false, true])
  // who comes back to the former form begins anew
  assert.notEqual(book.open(FORM, 10).filter, former.filter)
})

test('a configuration that comes back before that finds what was there', async t => {
  const { book } = open(t)
  const former = book.open(FORM, 10)
  await former.filter.addAll([a])
  const other = book.open(OTHER, 10)
  former.leave()
  const back = book.open(FORM, 10)
  other.leave()
  assert.equal(back.filter, former.filter)
  assert.equal(back.has(a), true)
})

test('a filter that was never used is dropped at once', t => {
  const { book } = open(t)
  const failed = book.open(OTHER, 10)
  failed.leave()
  assert.notEqual(book.open(OTHER, 10).filter, failed.filter)
})
