import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinPatterns } from '../../../../plugins/_shared/re2.js'
import { compileDetector, rememberVerdicts } from '../../../../plugins/security/bot-detector/detector.js'
import { build, endpoint, NOBODY, startUpstream } from '../../scripted-upstream.js'

test('an absent agent comes first, then allowed, denied and patterns', async () => {
  const rules = {
    allow: new Set(['good spider']),
    deny: new Set(['bad']),
    pattern: await joinPatterns(['(?i)spider', '^Ping/[0-9]+$']),
    emptyIsBot: false
  }
  const isBot = compileDetector(rules)
  for (const agent of ['bad', 'My Spider', 'Ping/12']) assert.equal(isBot(agent), true, agent)
  for (const agent of [undefined, '', 'good spider', 'Bad', 'xbad', 'Ping/', 'Mozilla']) assert.equal(isBot(agent), false, agent)
  assert.equal(compileDetector({ ...rules, emptyIsBot: true })(undefined), true)
})

test('verdicts are remembered, but not those about agents of any length', () => {
  let asked = 0
  const cache = new Map<string, boolean>()
  const store = { get: (key: string) => cache.get(key), set: (key: string, value: boolean) => cache.set(key, value) }
  const isBot = rememberVerdicts(agent => {
    asked++
    return agent === 'bad'
  }, store as never)
  assert.deepEqual(
    [isBot('bad'), isBot('bad'), isBot('x'), isBot('x'), isBot(undefined), isBot(undefined)],
    [true, true, false, false, false, false]
  )
  assert.equal(asked, 4)
  isBot('y'.repeat(2000))
  assert.equal(cache.size, 2)
})

test('a pattern that would never end elsewhere takes its time in proportion', async () => {
  const bomb = await joinPatterns(['^(a+)+$'])
  assert.equal(bomb.test(`${'a'.repeat(20_000)}!`), false)
})

const bots = (options: object) => ({ 'security/bot-detector': options })

test('the service refuses bots everywhere but at its own paths', async t => {
  const host = await startUpstream(t)
  const { gateway, log } = await build(t, {
    extra_config: bots({ deny: ['bad'], empty_user_agent_is_bot: true, cache_size: 2 }),
    endpoints: [endpoint('/a', host)]
  })
  const ask = (path: string, agent?: string) =>
    gateway.request({ path, headers: agent === undefined ? {} : { 'User-Agent': agent } })
  const refused = await ask('/a', 'bad')
  assert.deepEqual([refused.status, refused.body.length, refused.headers['x-krakend']], [403, 0, undefined])
  assert.equal((await ask('/nowhere', 'bad')).status, 403)
  assert.equal((await ask('/a')).status, 403)
  assert.equal((await ask('/__health', 'bad')).status, 200)
  assert.equal((await ask('/a', 'good')).status, 200)
  assert.equal((await ask('/a', 'good')).status, 200)
  await log.line(/ERROR: \[SERVICE: Router\]\[Botdetector\] bot rejected/)
  await log.line(/DEBUG: \[SERVICE: Router\]\[Botdetector\] The bot detector has been registered successfully/)
})

test('an endpoint refuses bots for itself', async t => {
  const host = await startUpstream(t)
  const { gateway, log } = await build(t, {
    endpoints: [endpoint('/a', host, { extra: bots({ patterns: ['bot'] }) }), endpoint('/b', host)]
  })
  const headers = { 'User-Agent': 'robot' }
  assert.equal((await gateway.request({ path: '/a', headers })).status, 403)
  assert.equal((await gateway.request({ path: '/b', headers })).status, 200)
  await log.line(/ERROR: \[ENDPOINT: \/a\]\[Botdetector\] bot rejected/)
})

test('a pattern that cannot be read stops the start and says where', async t => {
  const config = { extra_config: bots({ patterns: ['ok', '(?<=x)y'] }), endpoints: [endpoint('/a', NOBODY)] }
  await assert.rejects(build(t, config), /\/extra_config\/security~1bot-detector\/patterns\/1: not a regular expression \(RE2\)/)
  const host = await startUpstream(t)
  const { gateway, log } = await build(t, { ...config, endpoints: [endpoint('/a', host)] }, { tolerant: true })
  await log.line(/ERROR: .*security\/bot-detector\] \/patterns\/1: not a regular expression/)
  assert.equal((await gateway.request({ path: '/a', headers: { 'User-Agent': 'it is ok' } })).status, 403)
  assert.equal((await gateway.request({ path: '/a', headers: { 'User-Agent': 'xy' } })).status, 200)
  await assert.rejects(
    build(t, { extra_config: bots({ deny: 'x', cache_size: -1 }), endpoints: [endpoint('/a', NOBODY)] }),
    /deny[\s\S]*cache_size|cache_size[\s\S]*deny/
  )
})
