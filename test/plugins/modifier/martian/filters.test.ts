import assert from 'node:assert/strict'
import { test } from 'node:test'
import { set, withBlock } from './support.js'

const all = { input_headers: ['*'], input_query_strings: ['*'] }
const hit = set('X-Hit', 'then', ['request'])
const miss = set('X-Hit', 'else', ['request'])

/** What a filter of requests let run. */
type Case = readonly [
  filter: string | ((authority: string) => object),
  keys: object,
  request: { path?: string; headers?: Record<string, string> },
  expected: string | undefined
]

const CASES: readonly Case[] = [
  ['header.Filter', { name: 'x-w', value: 'ON' }, { headers: { 'X-W': 'ON' } }, 'then'],
  ['header.Filter', { name: 'x-w', value: 'ON' }, { headers: { 'X-W': 'on' } }, 'else'],
  ['header.Filter', { name: 'x-w', value: '' }, {}, 'else'],
  [authority => ({ 'header.Filter': { name: 'Host', value: authority, modifier: hit } }), {}, {}, 'then'],
  ['header.RegexFilter', { header: 'X-W', regex: 'n[o0]!' }, { headers: { 'X-W': 'oh no! yes' } }, 'then'],
  ['header.RegexFilter', { header: 'X-W', regex: '' }, {}, undefined],
  ['cookie.Filter', { name: 's', value: 'v' }, { headers: { Cookie: 't=u; s="v"' } }, 'then'],
  ['cookie.Filter', { name: 's', value: 'v' }, { headers: { Cookie: 's=w' } }, 'else'],
  ['cookie.Filter', { name: 's' }, { headers: { Cookie: 's=w' } }, 'then'],
  ['cookie.Filter', { name: 's' }, {}, 'else'],
  ['querystring.Filter', { name: 'a', value: '1' }, { path: '/a?a=2&a=1' }, 'then'],
  ['querystring.Filter', { name: 'a' }, { path: '/a?a' }, 'then'],
  ['querystring.Filter', { name: 'a|b', value: '^[0-9]+$' }, { path: '/a?a=1' }, 'else'],
  ['url.Filter', {}, {}, 'then'],
  ['url.Filter', { scheme: 'http', path: '/up' }, {}, 'then'],
  ['url.Filter', { path: '/u*' }, {}, 'else'],
  ['url.Filter', { query: 'a=1' }, { path: '/a?a=1' }, 'then'],
  ['url.Filter', { scheme: 'https' }, {}, 'else'],
  [authority => ({ 'url.Filter': { host: authority, modifier: hit } }), {}, {}, 'then'],
  [authority => ({ 'url.Filter': { host: authority.replace('.0.', '.*.'), modifier: hit } }), {}, {}, 'then'],
  ['url.Filter', { host: '127.*' }, {}, 'else'],
  ['url.RegexFilter', { regex: '/u.\\?a=\\d$' }, { path: '/a?a=1' }, 'then'],
  ['url.RegexFilter', { regex: '/u.\\?a=\\d$' }, {}, 'else'],
  [authority => ({ 'port.Filter': { port: Number(authority.split(':')[1]), modifier: hit } }), {}, {}, 'then'],
  ['port.Filter', { port: 80 }, {}, undefined]
]

for (const [filter, keys, request, expected] of CASES) {
  const title = typeof filter === 'string' ? `${filter} ${JSON.stringify(keys)}` : String(filter)
  test(`${title} of ${JSON.stringify(request)}: ${expected}`, async t => {
    const { gateway, seen } = await withBlock(
      t,
      typeof filter === 'string'
        ? {
            [filter]: {
              modifier: hit,
              ...(/Regex|port/.test(filter) && filter !== 'url.RegexFilter' ? {} : { else: miss }),
              ...keys
            }
          }
        : filter,
      { endpoint: all }
    )
    await gateway.request({ path: '/a', ...request })
    assert.equal(seen[0]!.headers['x-hit'], expected)
  })
}

test('filters of responses: fields and cookies of the response, all else of the request', async t => {
  const then = (value: string): object => set('X-Hit', value, ['response'])
  const append = (filter: string, keys: object, value: string): object => ({
    [filter]: { ...keys, modifier: { 'header.Append': { scope: ['response'], name: 'X-Hit', value } } }
  })
  const { gateway } = await withBlock(
    t,
    {
      'fifo.Group': {
        modifiers: [
          then('0'),
          append('header.Filter', { name: 'X-Up', value: 'b' }, 'header'),
          append('header.Filter', { name: 'X-Down', value: 'q' }, 'wrong'),
          append('header.RegexFilter', { header: 'X-Down', regex: 'q' }, 'regex'),
          append('header.RegexFilter', { header: 'X-Up', regex: 'b' }, 'wrong'),
          append('cookie.Filter', { name: 's', value: 'v' }, 'cookie'),
          append('querystring.Filter', { name: 'a' }, 'query'),
          append('url.Filter', { path: '/up' }, 'url'),
          append('port.Filter', { port: 1 }, 'wrong')
        ]
      }
    },
    {
      endpoint: all,
      answer: (_, res) => res.setHeader('X-Up', ['a', 'b']).setHeader('Set-Cookie', ['x=y', 's=v; Path=/']).end()
    }
  )
  const { headers } = await gateway.request({ path: '/a?a=1', headers: { 'X-Down': 'q' } })
  assert.equal(headers['x-hit'], '0, header, regex, cookie, query, url')
})

test('a child runs only where its parents run', async t => {
  const { gateway, seen } = await withBlock(t, {
    'url.Filter': { scope: ['response'], modifier: { 'fifo.Group': { modifiers: [set('X-Hit', '1')] } } }
  })
  const { headers } = await gateway.request({ path: '/a' })
  assert.deepEqual([seen[0]!.headers['x-hit'], headers['x-hit']], [undefined, '1'])
})
