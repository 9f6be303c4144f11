import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinPatterns } from '../../../../plugins/_shared/re2.js'
import { compileDetector, rememberVerdicts } from '../../../../plugins/security/bot-detector/detector.js'
import { createRandom, pick, SEED } from '../../../encoding/json/random.js'
import { build, endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

/** Bytes of UTF-8 as fields carry them. */
const latin1 = (text: string): string => Buffer.from(text).toString('latin1')

test('an absent agent comes first, then allowed, denied and patterns', async () => {
  const rules = {
    allow: new Set(['good spider']),
    deny: new Set(['bad']),
    patterns: await joinPatterns(['(?i)spider', '^Ping/[0-9]+$', '^\\pL+-größe$']),
    emptyIsBot: false
  }
  const isBot = compileDetector(rules)
  for (const agent of ['bad', 'My Spider', 'Ping/12', latin1('süß-größe')]) assert.equal(isBot(agent), true, agent)
  for (const agent of [undefined, '', 'good spider', 'Bad', 'xbad', 'Ping/', 'Mozilla', latin1('1-größe')])
    assert.equal(isBot(agent), false, agent)
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

test('an agent that takes too long is a bot, whatever the patterns', async () => {
  const random = createRandom(SEED)
  const long = Array.from({ length: 200_000 }, () => pick(random, ['a', 'b', 'c', 'd'])).join('')
  for (const pattern of ['(?:[ab].{0,300}c){3}$', `\\pL${'[ab]'.repeat(200)}\\pL`]) {
    const patterns = await joinPatterns([pattern])
    assert.equal(patterns.test(long), undefined)
    assert.equal(patterns.test('Mozilla'), false)
    const isBot = compileDetector({ allow: new Set(['ok', long]), deny: new Set(), patterns, emptyIsBot: false })
    assert.deepEqual([isBot(`${long}!`), isBot(long), isBot('Mozilla')], [true, false, false])
  }
})

test('five thousand patterns are one test', async () => {
  const word = (n: number): string => n.toString(26).replace(/\d/g, digit => 'qrstuvwxyz'[Number(digit)]!)
  const sources = Array.from({ length: 5000 }, (_, n) => (n % 7 === 0 ? `(?i)${word(n)}Bot/\\d+` : `${word(n)}bot`))
  const patterns = await joinPatterns(sources)
  for (const n of [0, 1, 7, 777, 4999]) {
    const name = n % 7 === 0 ? `${word(n).toUpperCase()}BOT/2` : `${word(n)}bot`
    assert.equal(patterns.test(`Mozilla/5.0 (${name})`), true, name)
    assert.equal(patterns.test(`Mozilla/5.0 (${name.replace(/bot/i, 'bat')})`), false, name)
  }
  // no letter of it is in a known row
  const random = createRandom(SEED)
  const strange = Array.from({ length: 1000 }, () => pick(random, [...'qrstuvwxyzabco'])).join('')
  assert.equal(
    patterns.test(strange),
    sources.some(source => !source.startsWith('(') && strange.includes(source))
  )
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
  const config = { extra_config: bots({ patterns: ['ok', '(?<=x)y'] }), endpoints: [endpoint('/a', NOWHERE)] }
  await assert.rejects(build(t, config), /\/extra_config\/security~1bot-detector\/patterns\/1: not a regular expression \(RE2\)/)
  const host = await startUpstream(t)
  const { gateway, log } = await build(t, { ...config, endpoints: [endpoint('/a', host)] }, { tolerant: true })
  await log.line(/ERROR: .*security\/bot-detector\] \/patterns\/1: not a regular expression/)
  assert.equal((await gateway.request({ path: '/a', headers: { 'User-Agent': 'it is ok' } })).status, 403)
  assert.equal((await gateway.request({ path: '/a', headers: { 'User-Agent': 'xy' } })).status, 200)
  await assert.rejects(
    build(t, { extra_config: bots({ deny: 'x', cache_size: -1 }), endpoints: [endpoint('/a', NOWHERE)] }),
    /deny[\s\S]*cache_size|cache_size[\s\S]*deny/
  )
})
