/** Fifty scripts without end or measure at once: each ends with an error, other requests are answered between them, memory returns. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { openGateway } from '../../../support/open-gateway.js'
import { openUpstream } from '../../../support/upstream.js'

/** Scripts, and what their errors say. */
const RUNAWAYS: readonly [script: string, error: RegExp][] = [
  ['while true do end', /computed too long|too many steps/],
  ['repeat local x = {} until false', /computed too long|too many steps|not enough memory/],
  ["local s = 'x' while true do s = s .. s end", /not enough memory|computed too long/],
  ["local t = {} for i = 1, 1e9 do t[i] = 'item ' .. i end", /not enough memory|computed too long/],
  ['local function f(n) return 1 + f(n + 1) end f(1)', /computed too long|stack overflow/],
  ['local function f() return f() end f()', /computed too long|too many steps/],
  ["for i = 1, 1e6 do _G['name' .. i] = i end while true do end", /not enough memory|computed too long|too many steps/],
  ["local s = ('a'):rep(30) while true do s:find(('a*'):rep(12) .. 'b') end", /computed too long|too many steps/],
  ["local s = ('x'):rep(4e9)", /computed too long|not enough memory/],
  ["local s = ('x'):rep(1e6) local t = {} while true do t[#t + 1] = s:rep(5) end", /computed too long|not enough memory/],
  ['while true do coroutine.wrap(function() coroutine.yield() end)() end', /computed too long|too many steps|not enough memory/],
  [
    'local function f() coroutine.wrap(f)() end while true do pcall(f) end',
    /computed too long|too many steps|stack overflow|not enough memory/
  ],
  ['while true do pcall(function() while true do end end) end', /computed too long|too many steps/],
  [
    'while true do xpcall(function() while true do end end, function() while true do end end) end',
    /computed too long|too many steps/
  ],
  ['local function f() pcall(f) f() end f()', /computed too long|too many steps|stack overflow/],
  [
    "local function f(c) return (c:gsub('.', f)) end while true do f('abcdefgh') end",
    /computed too long|too many steps|stack overflow/
  ],
  ['while true do table.sort({3, 1, 2}, function() while true do end end) end', /computed too long|too many steps/],
  ["local t = {} t.t = t response.load():data():set('cycle', t)", /computed too long|nests too deeply|encountered a cycle/],
  [
    'local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k .. k] end local x = t.x',
    /computed too long|stack overflow|not enough memory/
  ],
  ["local l = luaList.new() l:set(1e15, 'x')", /computed too long|not enough memory/],
  [
    'while true do loadstring("return " .. ("{"):rep(150) .. ("}"):rep(150)) end',
    /computed too long|too many steps|not enough memory/
  ],
  ['local t = {} while true do t = {t, t} end', /computed too long|too many steps|not enough memory/],
  [
    "string.format('%999999d' , 1) while true do string.format(('%999999d'):rep(20), 1) end",
    /not enough memory|computed too long/
  ],
  ['while true do local ok = pcall(error, {}) end', /computed too long|too many steps/]
]

const AT_ONCE = 50
const MOST_GROWTH = 150 * 1024 * 1024

function usedAfterCollection(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

test('fifty runaway scripts at once end with their errors, and others are answered', { timeout: 240_000 }, async t => {
  const upstream = await openUpstream(t, (_req, res) => {
    res.setHeader('Content-Type', 'application/json')
    res.end('{"a":1}')
  })
  const backend = [{ host: [upstream.origin], url_pattern: '/b' }]
  const { gateway } = await openGateway(t, {
    extra_config: { router: { return_error_msg: true } },
    timeout: '120s',
    endpoints: [
      { endpoint: '/calm', backend, extra_config: { 'modifier/lua-proxy': { post: "response.load():data():set('b', 2)" } } },
      ...RUNAWAYS.map(([post], i) => ({
        endpoint: `/runaway/${i}`,
        backend,
        extra_config: { 'modifier/lua-proxy': { post: `local d = response.load():data() ${post}`, allow_open_libs: true } }
      }))
    ]
  })
  const round = (): Promise<unknown>[] =>
    Array.from({ length: AT_ONCE }, async (_, i) => {
      const [script, error] = RUNAWAYS[i % RUNAWAYS.length]!
      const answer = await gateway.request(`/runaway/${i % RUNAWAYS.length}`)
      assert.equal(answer.status, 500, `${script}: ${answer.text()}`)
      assert.match(answer.text(), error, script)
    })
  await Promise.all(round())
  const before = usedAfterCollection()
  let running = true
  const all = Promise.all(round()).finally(() => {
    running = false
  })
  let between = 0
  while (running) {
    const answer = await gateway.request('/calm')
    assert.deepEqual([answer.status, answer.json()], [200, { a: 1, b: 2 }])
    if (running) between++
  }
  await all
  assert.ok(between >= 3, `${between} requests were answered while scripts ran`)
  const grown = usedAfterCollection() - before
  assert.ok(grown < MOST_GROWTH, `${grown} bytes are still held`)
})
