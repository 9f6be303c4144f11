import assert from 'node:assert/strict'
import { after, before, mock, test } from 'node:test'
import { BodyCopy } from '../../../../plugins/qos/http-cache/body-copy.js'
import type { RequestHead } from '../../../../plugins/qos/http-cache/key.js'
import { ResponseCache } from '../../../../plugins/qos/http-cache/response-cache.js'
import { MemoryStore, momentNow, type StoredAnswer, steadyClock } from '../../../../plugins/qos/http-cache/store.js'

// ages and dates are compared to the second: the wall clock stands still
before(() => mock.timers.enable({ apis: ['Date'], now: Date.now() }))
after(() => mock.timers.reset())

const head = (headers: Record<string, string> = {}, method = 'GET', url = 'http://o/a'): RequestHead => ({ method, url, headers })
const answer = (fields: string[], body = 'x', storedAt = Date.now()): StoredAnswer => ({
  kind: 'answer',
  status: 200,
  fields,
  body: Buffer.from(body),
  storedAt,
  url: 'http://o/a'
})
const open = async (): Promise<ResponseCache> => new ResponseCache(await MemoryStore.open(100_000, 0))
const text = async (cache: ResponseCache, asked: RequestHead): Promise<string | undefined> =>
  (await cache.find(asked))?.answer.body.toString()

const MINUTE = ['Cache-Control', 'max-age=60']

test('an answer is fresh as long as it says, and has an age', async () => {
  const cache = await open()
  await cache.keep(head(), answer(MINUTE, 'x', Date.now() - 30_000))
  const young = await cache.find(head())
  assert.deepEqual([young?.fresh, young?.ageSeconds, young?.validators], [true, 30, []])
  await cache.keep(head(), answer([...MINUTE, 'Age', '40', 'ETag', '"e"', 'Last-Modified', 'then'], 'x', Date.now() - 30_000))
  const old = await cache.find(head())
  assert.deepEqual([old?.fresh, old?.ageSeconds], [false, 70])
  assert.deepEqual(old?.validators, [
    ['If-None-Match', '"e"'],
    ['If-Modified-Since', 'then']
  ])
})

test('a wall clock that is set back makes no answer of this process young again, and no age negative', async t => {
  const cache = await open()
  const began = Date.now()
  let [wall, passed] = [0, 0]
  t.mock.method(Date, 'now', () => began + wall)
  t.mock.method(steadyClock, 'now', () => passed)
  const seen = async (): Promise<unknown[]> => {
    const found = await cache.find(head())
    return [found?.fresh, found?.ageSeconds]
  }
  await cache.keep(head(), { ...answer(MINUTE), ...momentNow() })
  ;[wall, passed] = [20_000, 20_000]
  assert.deepEqual(await seen(), [true, 20])
  // back by an hour: as old as it is, and used until its minute is over
  wall = -3_570_000
  passed = 30_000
  assert.deepEqual(await seen(), [true, 30])
  passed = 70_000
  assert.deepEqual(await seen(), [false, 70])
  // back by the time that has passed: it is not fresh a second time
  wall = 0
  assert.deepEqual(await seen(), [false, 70])
  // the machine has slept
  ;[wall, passed] = [90_000, 70_000]
  assert.deepEqual(await seen(), [false, 90])
  const renewed = await cache.refresh((await cache.find(head()))!, MINUTE)
  assert.equal(renewed.storedAt, began + 90_000)
  assert.deepEqual(await seen(), [true, 0])
})

test('a request may ask for more than a stored response', async () => {
  const cache = await open()
  await cache.keep(head(), answer(MINUTE, 'x', Date.now() - 30_000))
  assert.equal((await cache.find(head({ 'cache-control': 'no-cache' })))?.fresh, false)
  assert.equal((await cache.find(head({ 'cache-control': 'max-age=10' })))?.fresh, false)
})

test('must-revalidate is kept: fresh while it lasts, never stale', async () => {
  const cache = await open()
  const fields = ['Cache-Control', 'max-age=60, Must-Revalidate, stale-if-error=600']
  await cache.keep(head(), answer(fields))
  assert.equal((await cache.find(head()))?.fresh, true)
  await cache.keep(head(), answer(fields, 'x', Date.now() - 70_000))
  const stale = await cache.find(head({ 'cache-control': 'max-stale' }))
  assert.deepEqual([stale?.fresh, stale?.usableOnError], [false, false])
})

test('stale-if-error is what makes an old answer usable on failure', async () => {
  const cache = await open()
  await cache.keep(head(), answer(['Cache-Control', 'max-age=1, stale-if-error=600'], 'x', Date.now() - 70_000))
  assert.deepEqual([(await cache.find(head()))?.fresh, (await cache.find(head()))?.usableOnError], [false, true])
  await cache.keep(head(), answer(['Cache-Control', 'max-age=1'], 'x', Date.now() - 70_000))
  assert.equal((await cache.find(head()))?.usableOnError, false)
})

test('Authorization is part of the key, though no list names it', async () => {
  const cache = await open()
  await cache.keep(head({ authorization: 'a' }), answer(MINUTE, 'for a'))
  assert.equal(await text(cache, head({ authorization: 'a' })), 'for a')
  assert.equal(await text(cache, head({ authorization: 'b' })), undefined)
  assert.equal(await text(cache, head()), undefined)
})

test('backends that share a store keep apart what either of them keys by', async () => {
  const store = await MemoryStore.open(100_000, 0)
  const [plain, keyed] = [new ResponseCache(store), new ResponseCache(store, ['x-lang'])]
  await plain.keep(head({ 'x-lang': 'de' }), answer(MINUTE, 'gut'))
  assert.equal(await text(keyed, head({ 'x-lang': 'en' })), undefined)
  await keyed.keep(head({ 'x-lang': 'en' }), answer(MINUTE, 'good'))
  assert.equal(await text(plain, head({ 'x-lang': 'de' })), undefined)
  assert.equal(await text(plain, head({ 'x-lang': 'en' })), 'good')
})

test('answers that vary stand side by side', async () => {
  const cache = await open()
  await cache.keep(head({ 'accept-language': 'de' }), answer([...MINUTE, 'Vary', 'Accept-Language'], 'gut'))
  await cache.keep(head({ 'accept-language': 'en' }), answer([...MINUTE, 'Vary', 'accept-language'], 'good'))
  assert.equal(await text(cache, head({ 'accept-language': 'de', other: '1' })), 'gut')
  assert.equal(await text(cache, head({ 'accept-language': 'en' })), 'good')
  assert.equal(await text(cache, head()), undefined)
})

test('encoded answers go to those who asked for the encoding', async () => {
  const cache = await open()
  await cache.keep(head({ 'accept-encoding': 'gzip' }), answer([...MINUTE, 'Content-Encoding', 'gzip']))
  assert.equal(await text(cache, head()), undefined)
  assert.equal(await text(cache, head({ 'accept-encoding': 'gzip' })), 'x')
})

test('private answers go to requests with the same fields only', async () => {
  const cache = await open()
  await cache.keep(head({ 'x-user': '1', traceparent: 'a' }), answer(['Cache-Control', 'private, max-age=60'], 'mine'))
  assert.equal(await text(cache, head({ 'x-user': '1', traceparent: 'b' })), 'mine')
  assert.equal(await text(cache, head({ 'x-user': '2' })), undefined)
  assert.equal(await text(cache, head()), undefined)
})

test('HEAD and GET have answers of their own, and a URL can be forgotten', async () => {
  const cache = await open()
  await cache.keep(head({}, 'HEAD'), answer(MINUTE, ''))
  assert.equal(await text(cache, head()), undefined)
  await cache.keep(head(), answer(MINUTE))
  assert.equal(await text(cache, head()), 'x')
  await cache.forget('http://o/a')
  assert.equal(await text(cache, head()), undefined)
  await cache.keep(head({ v: '1' }), answer([...MINUTE, 'Vary', 'v'], 'new'))
  assert.equal(await text(cache, head({ v: '2' })), undefined)
})

test('stores only what may be used again', async () => {
  const cache = await open()
  const may = (fields: string[], status = 200, asked = head()): boolean => cache.mayStore(asked, status, fields)
  assert.equal(may(MINUTE), true)
  assert.equal(may(['ETag', '"e"']), true)
  assert.equal(may(['Expires', new Date(Date.now() + 60_000).toUTCString()]), true)
  assert.equal(may([]), false)
  assert.equal(may(['Cache-Control', 'no-store, max-age=60']), false)
  assert.equal(may(['Cache-Control', 's-maxage=60']), true)
  assert.equal(may([...MINUTE, 'Set-Cookie', 'a=b']), false)
  assert.equal(may([...MINUTE, 'Vary', '*']), false)
  assert.equal(may(MINUTE, 206), false)
  assert.equal(may(MINUTE, 200, head({ 'cache-control': 'no-store' })), false)
})

test('a 304 renews the fields of the stored response, not those of its bytes', async () => {
  const cache = await open()
  const old = ['Cache-Control', 'max-age=1', 'ETag', '"e"', 'Content-Length', '1', 'Age', '5', 'X-A', '1', 'X-A', '2']
  await cache.keep(head(), answer(old, 'x', Date.now() - 70_000))
  const found = (await cache.find(head()))!
  await cache.refresh(found, ['cache-control', 'max-age=60', 'Content-Length', '0', 'X-A', '3'])
  const renewed = (await cache.find(head()))!
  assert.deepEqual(
    [renewed.fresh, renewed.answer.fields],
    [true, ['ETag', '"e"', 'Content-Length', '1', 'cache-control', 'max-age=60', 'X-A', '3']]
  )
})

test('the store stays within its bytes and items, and forgets what was used last', async () => {
  const small = await MemoryStore.open(2700, 0)
  for (const key of ['a', 'b', 'c']) small.set(key, answer([], 'x'.repeat(600)))
  assert.deepEqual([small.get('a'), small.get('b') !== undefined, small.get('c') !== undefined], [undefined, true, true])
  small.set('huge', answer([], 'x'.repeat(5000)))
  assert.equal(small.get('huge'), undefined)
  const few = await MemoryStore.open(1_000_000, 1)
  for (const key of ['a', 'b']) few.set(key, answer([]))
  few.get('a')
  few.set('c', answer([]))
  assert.deepEqual([few.get('a') !== undefined, few.get('b'), few.get('c') !== undefined], [true, undefined, true])
})

test('a copy keeps lent chunks, and lets go what is too long or breaks off', () => {
  const kept: string[] = []
  const copyOf = (limit: number): BodyCopy => new BodyCopy(limit, body => kept.push(body.toString()))
  const lent = Buffer.from('ab')
  const whole = copyOf(4)
  whole.chunk(lent)
  lent.fill('z')
  whole.chunk(Buffer.from('cd'))
  whole.end()
  const long = copyOf(3)
  long.chunk(Buffer.from('ab'))
  long.chunk(Buffer.from('cd'))
  long.chunk(Buffer.from('ef'))
  long.end()
  const broken = copyOf(9)
  broken.chunk(Buffer.from('ab'))
  broken.abort()
  assert.deepEqual(kept, ['abcd'])
})
