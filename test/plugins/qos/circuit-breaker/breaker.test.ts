import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Breaker, type BreakerOptions } from '../../../../plugins/qos/circuit-breaker/breaker.js'
import { deferred, fetch } from '../../../support/waiting.js'
import { build, endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

function make(options: Partial<BreakerOptions> = {}) {
  const clock = { now: 0 }
  const changes: string[] = []
  const breaker = new Breaker({
    intervalMs: 0,
    openMs: 1000,
    maxErrors: 2,
    now: () => clock.now,
    onChange: (from, to) => changes.push(`${from} ${to}`),
    ...options
  })
  const call = (succeeded: boolean | undefined): string => {
    const ticket = breaker.admit()
    if (typeof ticket === 'string') return ticket
    breaker.settle(ticket, succeeded)
    return 'called'
  }
  return { breaker, clock, changes, call }
}

test('opens after more failures in a row than it bears', () => {
  const { call, changes } = make()
  for (const outcome of [false, false, true, false, false]) assert.equal(call(outcome), 'called')
  assert.deepEqual(changes, [])
  call(false)
  assert.deepEqual(changes, ['closed open'])
  assert.equal(call(true), 'open')
})

test('lets one call try after the timeout, and closes when it succeeds', () => {
  const { breaker, clock, changes, call } = make({ maxErrors: 0 })
  call(false)
  clock.now = 999
  assert.equal(call(true), 'open')
  clock.now = 1000
  const trial = breaker.admit()
  assert.equal(typeof trial, 'number')
  assert.equal(breaker.admit(), 'trying')
  breaker.settle(trial as number, true)
  assert.equal(breaker.state, 'closed')
  assert.deepEqual(changes, ['closed open', 'open half-open', 'half-open closed'])
})

test('opens again when the trial fails', () => {
  const { breaker, clock, call } = make({ maxErrors: 0 })
  call(false)
  clock.now = 1000
  call(false)
  assert.equal(breaker.state, 'open')
  clock.now = 1999
  assert.equal(call(true), 'open')
  clock.now = 2000
  assert.equal(call(true), 'called')
  assert.equal(breaker.state, 'closed')
})

test('calls that end for reasons of their own count for nothing, and give a trial back', () => {
  const { breaker, clock, call } = make({ maxErrors: 1 })
  for (const outcome of [false, undefined, false]) call(outcome)
  assert.equal(breaker.state, 'open')
  clock.now = 1000
  assert.equal(call(undefined), 'called')
  assert.equal(breaker.state, 'half-open')
  assert.equal(call(true), 'called')
  assert.equal(breaker.state, 'closed')
})

test('a trial that never ends does not keep the breaker half-open for ever', () => {
  const { breaker, clock, call } = make({ maxErrors: 0 })
  call(false)
  clock.now = 1000
  const lost = breaker.admit() as number
  clock.now = 1999
  assert.equal(breaker.admit(), 'trying')
  clock.now = 2000
  const second = breaker.admit() as number
  breaker.settle(lost, false)
  assert.equal(breaker.state, 'half-open')
  breaker.settle(second, true)
  assert.equal(breaker.state, 'closed')
})

test('failures are forgotten after the interval', () => {
  const { breaker, clock, call } = make({ intervalMs: 500, maxErrors: 1 })
  call(false)
  clock.now = 500
  call(false)
  assert.equal(breaker.state, 'closed')
  clock.now = 600
  call(false)
  assert.equal(breaker.state, 'open')
})

test('what calls of an earlier round come to says nothing', () => {
  const { breaker, clock, call } = make({ maxErrors: 0 })
  const early = breaker.admit() as number
  call(false)
  clock.now = 1000
  call(true)
  breaker.settle(early, false)
  assert.equal(breaker.state, 'closed')
})

const breaks = (options: object) => ({ 'qos/circuit-breaker': options })

test('a failing backend is left alone, with lines that say so', async t => {
  let calls = 0
  const host = await startUpstream(t, (_, res) => {
    calls++
    res.statusCode = 500
    res.end()
  })
  const options = { interval: 60, timeout: 60, max_errors: 1, name: 'mine', log_status_change: true }
  const { gateway, log } = await build(t, {
    extra_config: { router: { return_error_msg: true } },
    endpoints: [endpoint('/a', host, { backendExtra: breaks(options) })]
  })
  const texts: string[] = []
  for (let i = 0; i < 4; i++) texts.push((await gateway.request({ path: '/a' })).text())
  assert.match(texts[1]!, /invalid status code 500/)
  assert.deepEqual(texts.slice(2), ['circuit breaker is open', 'circuit breaker is open'])
  assert.equal(calls, 2)
  await log.line(/\[BACKEND: GET \/a -> \/up\]\[CB\] Creating the circuit breaker named 'mine'/)
  await log.line(/WARNING.*\[CB\] Circuit breaker named 'mine' went from 'closed' to 'open'/)
})

test('limits of the backend count as failures, and nothing is logged unless asked', async t => {
  const host = await startUpstream(t)
  const { gateway, log } = await build(t, {
    extra_config: { router: { return_error_msg: true, error_status: 'http' } },
    endpoints: [
      endpoint('/a', host, {
        backendExtra: { ...breaks({ timeout: 60 }), 'qos/ratelimit/proxy': { max_rate: 1, capacity: 1, every: '1h' } }
      })
    ]
  })
  assert.equal((await gateway.request({ path: '/a' })).status, 200)
  assert.equal((await gateway.request({ path: '/a' })).text(), 'rate limit exceded')
  const refused = await gateway.request({ path: '/a' })
  assert.deepEqual([refused.status, refused.text()], [503, 'circuit breaker is open'])
  assert.doesNotMatch(log.text, /went from/)
})

test('under no-op a failing status is an answer', async t => {
  const host = await startUpstream(t, (_, res) => {
    res.statusCode = 503
    res.end('down')
  })
  const { gateway } = await build(t, {
    endpoints: [endpoint('/a', host, { output_encoding: 'no-op', backendExtra: breaks({ max_errors: 0 }) })]
  })
  for (let i = 0; i < 3; i++) assert.equal((await gateway.request({ path: '/a' })).text(), 'down')
})

test('a client that goes away does not count', async t => {
  const waiting: (() => void)[] = []
  const host = await startUpstream(t, (req, res) => {
    if (req.headers['x-hang'] === undefined) res.end('{}')
    else for (const tell of waiting.splice(0)) tell()
  })
  const { gateway, log } = await build(
    t,
    {
      listen_ip: '127.0.0.1',
      timeout: '60s',
      endpoints: [
        endpoint('/a', host, { input_headers: ['X-Hang'], backendExtra: breaks({ max_errors: 0, log_status_change: true }) })
      ]
    },
    { port: 0 }
  )
  const { port } = await gateway.listen()
  const arrived = deferred('the upstream to be asked')
  waiting.push(arrived.resolve)
  const stop = new AbortController()
  const asked = fetch(`http://127.0.0.1:${port}/a`, { headers: { 'X-Hang': '1' }, signal: stop.signal })
  await arrived.promise
  stop.abort()
  await assert.rejects(asked)
  await log.line(/\/a"/)
  assert.equal((await gateway.request({ path: '/a' })).status, 200)
  assert.doesNotMatch(log.text, /went from/)
})

test('wrong options stop the start', async (t: TestContext) => {
  const config = { endpoints: [endpoint('/a', NOWHERE, { backendExtra: breaks({ max_errors: 'many', timeout: 1.5 }) })] }
  await assert.rejects(build(t, config), /qos~1circuit-breaker\/timeout.*\n?.*max_errors|max_errors[\s\S]*timeout/)
})
