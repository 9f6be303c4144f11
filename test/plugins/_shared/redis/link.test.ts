import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import {
  type BatchScript,
  ConnectionLost,
  GIVE_UP_MS,
  type RedisClient,
  RedisLink,
  RedisUnavailable
} from '../../../../plugins/_shared/redis/link.js'
import type { Logger } from '../../../../src/plugin/index.js'
import { stopClock } from '../../../support/time.js'
import { deferred, until } from '../../../support/waiting.js'

const SCRIPT: BatchScript = { name: 'echo', args: 1, source: '', read: answer => answer ?? undefined }
const NOTHING = (): void => undefined
const SILENT: Logger = { debug: NOTHING, info: NOTHING, warning: NOTHING, error: NOTHING, critical: NOTHING, fatal: NOTHING }

interface Made {
  readonly link: RedisLink
  readonly calls: string[][]
  readonly reconnects: () => number
}

interface Wanted {
  readonly timeoutMs?: number
  readonly cluster?: boolean
  readonly ready?: () => Promise<unknown> | undefined
}

function make(
  run: RedisClient['run'],
  { timeoutMs = 60_000, cluster = false, ready = NOTHING as () => undefined }: Wanted = {}
): Made {
  const calls: string[][] = []
  let reconnects = 0
  const client: RedisClient = {
    ready,
    run: (script, keys, args) => {
      calls.push([...keys])
      return run(script, keys, args)
    },
    get: async () => null,
    set: async () => undefined,
    delete: async () => undefined,
    publish: async () => undefined,
    subscribe: () => NOTHING,
    reconnect: () => void reconnects++,
    close: NOTHING
  }
  const link = new RedisLink({ name: 'r', client, timeoutMs, cluster, logger: SILENT })
  return { link, calls, reconnects: () => reconnects }
}

const never = (): Promise<never> => new Promise(NOTHING)

test('all cases of one turn go in one round trip, and each gets its own answer', async () => {
  const { link, calls } = make(async (_, keys, args) => keys.map((key, at) => `${key}=${args[at]}`))
  const answers = await Promise.all(['a', 'b', 'c'].map((key, at) => link.decide(SCRIPT, 't', key, [at])))
  assert.deepEqual(answers, ['a=0', 'b=1', 'c=2'])
  assert.deepEqual(calls, [['a', 'b', 'c']])
  assert.deepEqual({ ...link.counts }, { questions: 3, failures: 0, skipped: 0, roundTrips: 1 })
})

test('in a cluster the cases of each tag go by themselves', async () => {
  const { link, calls } = make(async (_, keys) => [...keys], { cluster: true })
  await Promise.all([link.decide(SCRIPT, 't', 'a', [0]), link.decide(SCRIPT, 'u', 'b', [0]), link.decide(SCRIPT, 't', 'c', [0])])
  assert.deepEqual(calls.sort(), [['a', 'c'], ['b']])
})

test('a round trip has a most of cases', async () => {
  const { link, calls } = make(async (_, keys) => [...keys])
  await Promise.all(Array.from({ length: 1200 }, (_, at) => link.decide(SCRIPT, 't', String(at), [0])))
  assert.deepEqual(
    calls.map(keys => keys.length),
    [500, 500, 200]
  )
})

test('a question that is not answered in time fails, and after three nothing is asked', async t => {
  stopClock(t)
  const { link, calls } = make(never, { timeoutMs: 5 })
  for (let i = 0; i < 3; i++) await assert.rejects(link.decide(SCRIPT, 't', 'a', [0]), /redis r: no answer within 5 ms/)
  const refused = (error: unknown): boolean => error instanceof RedisUnavailable && /does not answer/.test(error.message)
  await assert.rejects(link.decide(SCRIPT, 't', 'a', [0]), refused)
  assert.equal(calls.length, 3)
})

test('without a connection a question says why there is none', async () => {
  let connected = false
  const ready = () => (connected ? undefined : Promise.reject(new Error('Connection is closed.')))
  const { link } = make(async (_, keys) => [...keys], { ready })
  await assert.rejects(link.decide(SCRIPT, 't', 'a', [0]), /redis r: Connection is closed\./)
  link.connectionFailed(new Error('WRONGPASS invalid'))
  await assert.rejects(link.decide(SCRIPT, 't', 'a', [0]), /redis r: WRONGPASS invalid/)
  connected = true
  assert.equal(await link.decide(SCRIPT, 't', 'a', [0]), 'a')
  connected = false
  await assert.rejects(link.decide(SCRIPT, 't', 'a', [0]), /redis r: Connection is closed\./)
})

test('a connection that swallows questions is given up', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  stopClock(t)
  const { link, calls, reconnects } = make(never, { timeoutMs: 5 })
  for (let i = 0; i < 3; i++) {
    const asked = assert.rejects(link.decide(SCRIPT, 't', 'a', [0]))
    await until(() => calls.length > i, 'the question')
    t.mock.timers.tick(5)
    await asked
  }
  assert.equal(reconnects(), 1)
})

test('a question that waited for a connection too long is not asked later', async () => {
  const connected = deferred('the connection')
  const { link, calls } = make(async (_, keys) => [...keys], { timeoutMs: 5, ready: () => connected.promise })
  await assert.rejects(link.decide(SCRIPT, 't', 'a', [0]), /no answer within/)
  connected.resolve()
  await turn()
  assert.deepEqual(calls, [])
})

for (const [what, answer] of [
  ['too few answers', [1]],
  ['too many answers', [1, 2, 3]],
  ['an answer that the script does not know', [1, null]],
  ['no list', 'OK'],
  ['nothing', null]
] as const) {
  test(`${what}: the question counts as failed, and three of them are an outage`, async t => {
    stopClock(t)
    const { link, calls } = make(async () => answer)
    for (let round = 0; round < 4; round++) {
      const asked = ['a', 'b'].map(key => link.decide(SCRIPT, 't', key, [0]))
      for (const one of await Promise.allSettled(asked))
        assert.ok(one.status === 'rejected' && one.reason instanceof RedisUnavailable, one.status)
    }
    assert.equal(calls.length, 3)
  })
}

test('a late answer may come a little later; one that never ends gives up the connection', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const late = deferred<unknown>('the late answer')
  const answers = [late.promise, never()]
  const { link, reconnects } = make(() => answers.shift()!, { timeoutMs: 50 })
  for (const [comes, wanted] of [
    [true, 0],
    [false, 1]
  ] as const) {
    const asked = assert.rejects(
      link.ask(client => client.run(SCRIPT, [], [])),
      /no answer within 50 ms/
    )
    t.mock.timers.tick(50)
    await asked
    t.mock.timers.tick(GIVE_UP_MS - 1)
    if (comes) late.resolve(['a'])
    await late.promise
    t.mock.timers.tick(1)
    assert.equal(reconnects(), wanted)
  }
})

test('a question whose connection was lost says why it was', async () => {
  const { link } = make(() => Promise.reject(new ConnectionLost('the connection was closed')))
  await assert.rejects(link.decide(SCRIPT, 't', 'a', [0]), /redis r: the connection was closed/)
  link.connectionFailed(new Error('read ECONNRESET'))
  link.connectionFailed(new ConnectionLost('the connection was closed'))
  await assert.rejects(link.decide(SCRIPT, 't', 'a', [0]), /redis r: read ECONNRESET/)
})

test('closing fails what has not been asked', async () => {
  const { link } = make(async (_, keys) => [...keys])
  const asked = link.decide(SCRIPT, 't', 'a', [0])
  link.close()
  await assert.rejects(asked, /the gateway is closing/)
})
