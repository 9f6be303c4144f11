/** Helpers called with anything: a script sees errors of Lua, the gateway none. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stopClock } from '../../../support/time.js'
import { withScripts } from './support.js'

const METHODS =
  'get set del len keys keyExists new load data isComplete statusCode headers headerList body method url path query params host close'

/** Calls each method with each pair of values, of the right receiver and of others. */
const script = (receivers: string): string => `
  local names = {}
  for name in ('${METHODS} '):gmatch('(%a+) ') do names[#names + 1] = name end
  local receivers = { ${receivers} }
  local values = { luaTable.new(), luaList.new(), luaNil.new(), 1, -1.5, 0 / 0, 40, 'x', '', 'a b', string.char(0, 13, 10, 255), true, {}, { 1, k = {} }, print }
  count = 0
  local function try(f, ...)
    count = count + 1
    pcall(f, ...)
  end
  for _, r in ipairs(receivers) do
    for _, name in ipairs(names) do
      local f = r[name]
      if f then
        try(f) try(f, r)
        for _, a in ipairs(values) do
          try(f, a) try(f, r, a)
          for _, b in ipairs(values) do try(f, r, a, b) end
        end
      end
    end
  end
  for _, a in ipairs(values) do
    try(custom_error, a)
    for _, b in ipairs(values) do try(custom_error, a, b) try(custom_error, 'x', a, b) end
  end`

const LIMITS = { limits: { time: '20s', steps: 1e9, memory_bytes: 1e9 }, allow_open_libs: true }
const TYPES = 'luaTable, luaList, luaNil, luaTable.new(), luaList.new(), luaNil.new()'

test('no argument of a helper ends in anything but an error of Lua', async t => {
  stopClock(t)
  const { gateway, upstream, log } = await withScripts(t, {
    endpoint: { ...LIMITS, pre: `${script(`ctx, ctx.load(), ${TYPES}`)}\n if count < 1000 then error('too few') end` },
    proxy: {
      ...LIMITS,
      pre: script(`request, request.load(), ${TYPES}`),
      post: `${script(`response, response.load(), response.load():data(), request.load(), ${TYPES}`)}
        local d = response.load():data(); d:set('count', count)`
    }
  })
  const answer = await gateway.request('/a/7')
  await log.line(/\[SLUICE\]/)
  assert.equal(answer.status, 200, `${answer.text()} ${log.text.slice(-3000)}`)
  assert.ok((answer.json() as { count: number }).count > 1000)
  assert.equal(upstream.seen.length, 1)
})
