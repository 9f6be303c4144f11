/** What grows with the clients of a gateway is bounded, whatever they send: counted, or weighed after a garbage collection. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as jose from 'jose'
import { LRUCache } from 'lru-cache'
import { RemoteKeys } from '../../plugins/_shared/keys/key-source.js'
import { RouterStats } from '../../plugins/_shared/stats/registry.js'
import { ResponseCache } from '../../plugins/qos/http-cache/response-cache.js'
import { MemoryStore } from '../../plugins/qos/http-cache/store.js'
import { rememberVerdicts } from '../../plugins/security/bot-detector/detector.js'
import { Families } from '../../plugins/telemetry/opentelemetry/families.js'
import { renderPrometheus } from '../../plugins/telemetry/opentelemetry/prometheus-text.js'
import { ServerMetrics } from '../../plugins/telemetry/opentelemetry/server-metrics.js'
import { compileFieldFilter } from '../../src/endpoint/forward-fields.js'
import { lowerName } from '../../src/http/fields.js'
import { compileTrust } from '../../src/router/client-ip.js'

const MIB = 1024 * 1024
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** MiB that stay in memory after `work`. */
async function weigh(work: () => unknown): Promise<number> {
  const used = (): number => {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return (heapUsed + external) / MIB
  }
  const before = used()
  await work()
  return used() - before
}

/** As it comes from a socket: not shared with any other string. */
const fresh = (text: string): string => Buffer.from(text).toString()

test('names of fields: 2,000 of 100 KB each', async () => {
  const filter = compileFieldFilter(['*'], 'agent')
  const trust = compileTrust(['127.0.0.1'])
  const grown = await weigh(() => {
    for (let i = 0; i < 2000; i++) {
      const name = fresh(`x-${i}-${'n'.repeat(100_000)}`)
      filter([name, 'v'], '1.2.3.4', 'h')
      lowerName(name)
      trust(fresh(`fe80::1%${i}${'z'.repeat(100_000)}`))
    }
  })
  assert.ok(grown < 10, `${grown} MiB`)
})

test('names of fields and addresses: 200,000 short ones', async () => {
  const filter = compileFieldFilter(['*'], 'agent')
  const trust = compileTrust(['127.0.0.1'])
  const grown = await weigh(() => {
    for (let i = 0; i < 200_000; i++) {
      filter([`x-${i}`, 'v'], '1.2.3.4', 'h')
      trust(`10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`)
    }
  })
  assert.ok(grown < 10, `${grown} MiB`)
})

test('values of User-Agent: the bot detector keeps as many verdicts as its cache has places, and no long ones', () => {
  const cache = new LRUCache<string, boolean>({ max: 1000 })
  const isBot = rememberVerdicts(agent => agent === 'bot', cache)
  for (let i = 0; i < 1_000_000; i++) isBot(`agent ${i}`)
  isBot('x'.repeat(2000))
  assert.equal(cache.size, 1000)
  assert.equal(cache.has('x'.repeat(2000)), false)
})

test('key ids of tokens: unknown ones fetch no more than once a second and are remembered up to a number', async () => {
  let now = 0
  let fetches = 0
  const fetch = { get: async () => ({ status: 200, contentType: '', text: `{"keys":[]}${' '.repeat(fetches++)}`.trim() }) }
  const keys = new RemoteKeys({
    jose,
    url: 'http://keys.test/',
    fetch: fetch as never,
    maxAgeMs: 1e9,
    missCooldownMs: 1e9,
    onFailure: error => assert.fail(error),
    now: () => now
  })
  await keys.load()
  const wanted = { strategy: 'kid', alg: 'RS256', use: 'verify' } as const
  const grown = await weigh(async () => {
    for (let i = 0; i < 1_000_000; i++) keys.find(`kid ${i}`, wanted)
    for (let i = 0; i < 3000; i++) {
      now += 1000
      await keys.find(fresh(`${i}${'k'.repeat(i % 2 === 0 ? 250 : 100_000)}`), wanted)
    }
  })
  assert.ok(fetches <= 3002, `${fetches} fetches`)
  assert.ok(grown < 20, `${grown} MiB`) // 150 MiB and more without a limit; coverage itself takes some
})

test('URLs: the cache takes what its size says', async () => {
  const store = await MemoryStore.open(8 * MIB, 0)
  const cache = new ResponseCache(store)
  const fields = (i: number): string[] =>
    ['Content-Type', 'application/json', 'Cache-Control', 'max-age=60', 'X-Id', `${i}`].map(fresh)
  const grown = await weigh(async () => {
    for (let i = 0; i < 30_000; i++) {
      const head = { method: 'GET', url: fresh(`http://o/items/${i}`), headers: { 'x-forwarded-host': `${i}` } }
      await cache.keep(head, {
        kind: 'answer',
        status: 200,
        fields: fields(i),
        body: Buffer.alloc(i % 300),
        storedAt: 0,
        url: head.url
      })
    }
  })
  assert.ok(grown < 16, `${grown} MiB`)
  assert.notEqual(
    await cache.find({ method: 'GET', url: 'http://o/items/29999', headers: { 'x-forwarded-host': '29999' } }),
    undefined
  )
})

test('labels of metrics: one series per endpoint, known method and status, whatever paths and methods come', () => {
  const families = new Families()
  const layer = { labels: [] } as never
  const metrics = new ServerMetrics({
    families,
    inFlight: { count: 0 },
    layer,
    conventions: true,
    routes: new Map(),
    skips: () => false
  })
  const stats = new RouterStats()
  stats.addRoute('/a', '/a')
  const finish = (i: number): void => {
    const req = { method: i % 2 === 0 ? 'GET' : `WORD-${i}`, url: `/nowhere/${i}` }
    const exchange = {
      req,
      startedAt: 0,
      firstByteAt: 0,
      status: 404,
      bytesIn: 0,
      bytesOut: 0,
      error: undefined,
      cut: false,
      route: ''
    }
    metrics.finished(exchange)
    stats.finished({ ...exchange, route: `/unknown/${i}` })
  }
  const lines = (): number => {
    let count = renderPrometheus(families).split('\n').length
    stats.put(() => count++)
    return count
  }
  for (let i = 0; i < 10; i++) finish(i)
  const few = lines()
  for (let i = 10; i < 200_000; i++) finish(i)
  assert.equal(lines(), few)
  assert.match(renderPrometheus(families), /http_request_method="_OTHER"/)
})
