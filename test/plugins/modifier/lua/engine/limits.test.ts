import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import {
  asyncFunction,
  compileLua,
  hostFunction,
  LuaError,
  type LuaLimits,
  type LuaValue,
  luaToText,
  NOTHING
} from '../../../../../plugins/modifier/lua/engine/index.js'
import { Slices } from '../../../../../plugins/modifier/lua/engine/slices.js'
import { FakeLoop } from './fake-loop.js'

const wide = { cpuMs: 30_000, blockMs: 30_000 }

/** The error that a script ends with; it is made of plain functions unless its limits make it pause. */
async function end(text: string, limits: Partial<LuaLimits>): Promise<LuaError> {
  try {
    const result = await compileLua([{ text }], { libraries: 'open', limits, trialRuns: 0 }).start().execute(0)
    throw new Error(`the script ended with ${String(result)}`)
  } catch (error) {
    assert.ok(error instanceof LuaError, String(error))
    return error
  }
}

/** Scripts without end, each for plain functions and for generators. */
const ENDLESS: Record<string, string> = {
  'an empty loop': 'while true do end',
  'a repeat loop': 'repeat until false',
  'a numeric loop': 'for i = 1, math.huge do end',
  'a loop of gotos': '::a:: goto a',
  'a loop over a function': 'for x in function() return 1 end do end',
  'tail calls': 'local function f() return f() end f()',
  'recursion caught for ever': 'local function f() pcall(f) return f() end f()',
  'loops that catch their end': 'while true do pcall(function() while true do end end) end',
  'a comparator without end': 'table.sort({3, 2, 1}, function() while true do end end)',
  'a replacement without end': '("x"):gsub("x", function() while true do end end)',
  'a metamethod without end': 'local t = setmetatable({}, {__index = function() while true do end end}) return t.x',
  'a coroutine without end': 'coroutine.wrap(function() while true do end end)()',
  'a pattern that backtracks': '(("a"):rep(60)):find(("a*"):rep(30) .. "b")',
  'lazy patterns that backtrack': '(("a"):rep(500)):find("(.-)(.-)(.-)(.-)(.-)(.-)b")',
  'balances without partner': '(("("):rep(100000)):find("%b()%b()")',
  'a long text that is quoted': 'string.format("%q", ("\\0"):rep(1e6))',
  'a long text as hexadecimal digits': 'string.format("% x", ("a"):rep(1e6))',
  'a long text that is cut': 'string.format("%.900000s", ("a"):rep(1e6))',
  'a date of many pieces': 'os.date(("%c"):rep(1e6))',
  'a long pattern': '("a"):find(("%a"):rep(1e6))'
}

/** Texts that take the square of their length where blanks or digits are tried from each place. */
const LONG_TEXTS: Record<string, string> = {
  'tonumber("1" .. (" "):rep(1e6) .. "1")': 'nil',
  'tonumber(("9"):rep(1e6) .. "x.")': 'nil',
  'tonumber(("0"):rep(1e6) .. "9007199254740993")': '9007199254740992',
  'pcall(function() return ("1" .. (" "):rep(1e6) .. "1") + 1 end)': 'false',
  'pcall(function() return (("9"):rep(1e6) .. "x") + 1 end)': 'false',
  'string.format("%d", ("9"):rep(1e6) .. "x")': '0',
  'string.format("%.3s", ("ä"):rep(1e6))': 'äää',
  'pcall(string.find, "", "[" .. ("%%"):rep(1e5) .. "x")': 'false'
}

describe('limits of a run', () => {
  for (const [text, expected] of Object.entries(LONG_TEXTS))
    it(`${text} ends`, async () => {
      const program = compileLua([{ text: `return tostring((${text}))` }], { libraries: 'open', limits: wide })
      assert.equal(luaToText((await program.start().execute(0))[0] as string), expected)
    })

  it('seconds beyond all dates are the first or the last one', async () => {
    const text = 'return os.date("!%Y", 1/0), os.date("!%Y", -1/0), os.date("!*t", 1e18).year'
    const years = await compileLua([{ text }], { libraries: 'open' }).start().execute(0)
    for (const year of years) assert.ok(Number.isInteger(Number(year)), String(year))
  })

  it('os.clock goes on while the wall clock is set back', async t => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    const clock = compileLua([{ text: 'return os.clock()' }], { libraries: 'open' })
    const [before] = (await clock.start().execute(0)) as number[]
    t.mock.timers.setTime(0)
    const [after] = (await clock.start().execute(0)) as number[]
    assert.ok(before! > 0 && after! >= before!, `${before} s, then ${after} s`)
  })

  for (const [name, text] of Object.entries(ENDLESS)) {
    it(`ends ${name} by its steps`, async () => {
      assert.equal((await end(text, { ...wide, fuel: 300_000 })).limit, 'fuel')
      assert.equal((await end(text, { cpuMs: 30_000, blockMs: 20_000, fuel: 300_000 })).limit, 'fuel')
    })
  }

  it('ends a loop by the time it computes', async () => {
    assert.equal((await end('while true do end', { cpuMs: 5, fuel: 1e15 })).limit, 'cpu')
    assert.equal((await end('while true do end', { cpuMs: 30, blockMs: 0, fuel: 1e15 })).limit, 'cpu')
  })

  for (const [name, text] of Object.entries({
    'a text that doubles': 'local s = "x" while true do s = s .. s end',
    'a text that grows': 'local s = "" while true do s = s .. ("x"):rep(100000) end',
    'rep of gigabytes': 'return ("x"):rep(5e9)',
    'rep of rep': 'local s = "x" while true do s = s:rep(1000) end',
    'a width of format': 'local t = {} while true do t[#t + 1] = ("%999999d"):format(1) end',
    'a million globals': 'for i = 1, 1e6 do _G["g" .. i] = i end',
    'a list without end': 'local t = {} while true do t[#t + 1] = 1 end',
    'a far index': 'local t = {} t[67000000] = 1',
    'tables in tables': 'local t = {} while true do t = {t} end',
    closures: 'local t = {} while true do t[#t + 1] = function() return t end end',
    constructors: 'local t = {} while true do t = {a = t, b = 1, c = 2} end',
    'replacements that grow': 'local s = "x" while true do s = s:gsub(".", "%0%0") end',
    joins:
      'local t = {} for i = 1, 1000 do t[i] = ("x"):rep(1000) end local s = {} while true do s[#s + 1] = table.concat(t) end',
    'matches of a long text': 'local s = ("x"):rep(1e6) local t = {} while true do t[#t + 1] = s:gmatch(".") end'
  })) {
    it(`ends ${name} by its memory`, async () => {
      assert.equal((await end(text, { ...wide, memoryBytes: 8_000_000, fuel: 1e12 })).limit, 'memory')
    })
  }

  it('ends deep recursion as gopher-lua does, and the script can catch it', async () => {
    assert.match((await end('local function f() return 1 + f() end f()', wide)).text, /^stack overflow$/)
    const run = compileLua([{ text: 'local function f() return 1 + f() end return pcall(f)' }]).start()
    assert.deepEqual(run.execute(0), [false, '<string>:1: stack overflow'])
  })

  it('survives frames of JavaScript that nest deeper than Lua calls', async () => {
    const text = 'local n = 0 local function f() n = n + 1 table.sort({2, 1}, function() f() return true end) end return pcall(f)'
    const [ok, message] = (await compileLua([{ text }], { limits: { ...wide, depth: 1e6 } })
      .start()
      .execute(0)) as LuaValue[]
    assert.equal(ok, false)
    assert.match(String(message), /stack overflow/)
  })

  it('keeps the budget over the chunks of a run', async () => {
    const source = { text: 'for i = 1, 50000 do end' }
    const run = compileLua([source, source, source], { limits: { ...wide, fuel: 120_000 }, trialRuns: 0 }).start()
    run.execute(0)
    run.execute(1)
    assert.throws(() => run.execute(2), { limit: 'fuel' })
  })

  it('ends for a signal and for a deadline', async () => {
    const gone = new AbortController()
    gone.abort()
    const program = compileLua([{ text: 'while true do end' }], { limits: { ...wide, fuel: 1e12 } })
    assert.throws(() => program.start(undefined, { signal: gone.signal }).execute(0), { limit: 'aborted' })
    assert.throws(() => program.start(undefined, { deadline: performance.now() }).execute(0), { limit: 'deadline' })
  })

  it('ends a wait for a signal and for a deadline', async () => {
    const never = asyncFunction('never', () => new Promise<LuaValue>(() => {}))
    const program = compileLua([{ text: 'never()' }], { globals: { never } })
    const client = new AbortController()
    const waiting = program.start(undefined, { signal: client.signal }).execute(0)
    client.abort()
    await assert.rejects(async () => waiting, { limit: 'aborted' })
    await assert.rejects(async () => program.start(undefined, { deadline: performance.now() + 1 }).execute(0), {
      limit: 'deadline'
    })
  })

  it('lets others go on while a script computes long', async () => {
    const program = compileLua([{ text: 'local n = 0 while not done() do n = n + 1 end return n > 0' }], {
      globals: { done: hostFunction('done', () => turns >= 5) },
      limits: { cpuMs: 30_000, sliceMs: 1, fuel: 1e12 }
    })
    let turns = 0
    const run = program.start().execute(0)
    assert.ok(run instanceof Promise)
    while (turns < 5) {
      await turn()
      turns++
    }
    assert.deepEqual(await run, [true])
  })

  it('gives scripts that begin in one turn a slice together', async () => {
    const loop = new FakeLoop(0.4)
    const slices = new Slices(loop)
    const limits = { cpuMs: 30_000, sliceMs: 1, fuel: 1e12 }
    const begin = (steps: number) =>
      compileLua([{ text: `for i = 1, ${steps} do end` }], { limits, slices })
        .start()
        .execute(0)
    assert.ok(!(begin(5000) instanceof Promise))
    await loop.turn()
    const first = begin(50_000)
    assert.ok(first instanceof Promise)
    // the turn's slice is used up: a second script pauses at its first look at the clock
    const short = begin(5000)
    assert.ok(short instanceof Promise)
    await loop.end(Promise.all([first, short]))
  })

  it('begins no script in a turn that others have used up', async () => {
    const loop = new FakeLoop(1)
    const slices = new Slices(loop)
    const text = "return string.find(string.rep('a', 200000), '.-.-.-.-b')"
    const program = compileLua([{ text }], { libraries: 'open', slices })
    const runs = Array.from({ length: 5 }, async () => program.start().executeInTurn(0))
    for (const run of await loop.end(Promise.allSettled(runs))) {
      assert.equal(run.status, 'rejected')
      assert.equal((run as PromiseRejectedResult).reason.limit, 'cpu')
    }
    assert.ok(loop.turns >= 4, `the loop turned ${loop.turns} times`)
  })

  for (const trialRuns of [0, 20])
    it(`begins a script that has computed long in a turn of its own, and any other at once; ${trialRuns} trial runs`, async () => {
      const loop = new FakeLoop(1)
      const program = compileLua([{ text: 'if slow() then while true do end end return 1' }], {
        globals: { slow: hostFunction('slow', () => slow) },
        limits: { cpuMs: 20, fuel: 1e12 },
        trialRuns,
        slices: new Slices(loop)
      })
      let slow = false
      const first = program.start().executeInTurn(0)
      // what cannot pause and has not run yet waits for a turn of its own
      assert.equal(first instanceof Promise, trialRuns === 0)
      assert.deepEqual(await loop.end(first), [1])
      assert.deepEqual(program.start().executeInTurn(0), [1])
      slow = true
      await assert.rejects(async () => loop.end(program.start().executeInTurn(0)), { limit: 'cpu' })
      slow = false
      const later = program.start().executeInTurn(0)
      assert.ok(later instanceof Promise)
      assert.deepEqual(await loop.end(later), [1])
    })

  it('leaves the event loop to others after a slice, for a time and not for a turn', async () => {
    let [looks, before, idleTurns] = [0, 0, 0]
    const done = hostFunction('done', () => {
      looks++
      return idleTurns >= 20
    })
    const limits = { cpuMs: 60_000, blockMs: 0, fuel: 1e12 }
    const loop = new FakeLoop(1)
    const run = compileLua([{ text: 'while not done() do end' }], { globals: { done }, limits, slices: new Slices(loop) })
      .start()
      .executeInTurn(0)
    assert.ok(run instanceof Promise)
    // others have something to do in each turn, and it takes a millisecond
    const others = (): void => {
      loop.ms++
      if (looks === before) idleTurns++
      before = looks
      if (idleTurns < 20) loop.soon(others)
    }
    loop.soon(others)
    await loop.end(run)
    assert.ok(idleTurns >= loop.turns / 2, `${idleTurns} of ${loop.turns} turns were left to others`)
  })

  it('looks at its limits while a far index makes a table grow', async () => {
    const text = 'for i = 1, 1e9 do local t = {} t[100000] = 1 end'
    assert.equal((await end(text, { ...wide, memoryBytes: 2 ** 30, fuel: 50_000 })).limit, 'fuel')
  })

  it('ends a library function that cannot pause and holds up others', async () => {
    const text = 'return setmetatable({}, {__index = function() while true do end end}).x'
    assert.equal((await end(text, { cpuMs: 30_000, blockMs: 5, sliceMs: 1, fuel: 1e15 })).limit, 'cpu')
  })

  it('makes a program pause once a run of it has computed long', async () => {
    const limits = { cpuMs: 500, blockMs: 500, fuel: 1e12 }
    const loop = new FakeLoop(1)
    const program = compileLua([{ text: 'while true do end' }], { limits, trialRuns: 0, slices: new Slices(loop) })
    assert.equal(program.resumable, false)
    assert.throws(() => program.start().execute(0), { limit: 'cpu' })
    assert.equal(program.resumable, true)
    await assert.rejects(async () => loop.end(program.start().execute(0)), { limit: 'cpu' })
    assert.ok(loop.turns >= 4, `the loop turned ${loop.turns} times`)
  })

  it('makes a program of plain functions after short runs in a row, and of generators again once one was long', async () => {
    const loop = new FakeLoop(0.1)
    const program = compileLua([{ text: 'for i = 1, count() do end' }], {
      globals: { count: hostFunction('count', () => count) },
      limits: { ...wide, fuel: 1e12 },
      trialRuns: 3,
      slices: new Slices(loop)
    })
    let count = 10
    const runs = async (times: number): Promise<boolean[]> => {
      const ways: boolean[] = []
      for (let i = 0; i < times; i++) {
        ways.push(program.resumable)
        await loop.end(program.start().execute(0))
      }
      return ways
    }
    assert.deepEqual(await runs(2), [true, true])
    // long by its steps
    count = 30_000
    assert.deepEqual(await runs(1), [true])
    count = 10
    assert.deepEqual(await runs(2), [true, true])
    // long by the clock
    count = 5000
    loop.lookMs = 2
    assert.deepEqual(await runs(1), [true])
    count = 10
    loop.lookMs = 0.1
    assert.deepEqual(await runs(5), [true, true, true, false, false])
    count = 200_000
    assert.deepEqual(await runs(1), [false])
    count = 10
    assert.deepEqual(new Set(await runs(1000)), new Set([true]))
    assert.deepEqual(await runs(1), [false])
  })

  it('keeps a program of generators that pauses for what it makes, however short its slices are', async () => {
    const loop = new FakeLoop(0.01)
    const program = compileLua([{ text: "for i = 1, 40 do local s = ('x'):rep(1048576) end" }], {
      libraries: 'open',
      trialRuns: 3,
      slices: new Slices(loop)
    })
    await loop.end(program.start().execute(0))
    assert.ok(loop.turns >= 10, `the loop turned ${loop.turns} times`)
    assert.equal(program.resumable, true)
  })

  it('lets others go on while a pattern backtracks, while matches are replaced, and in a function that replaces them', async () => {
    for (const text of [
      "('a'):rep(200):find(('a-'):rep(30) .. 'c')",
      "local s = ('a'):rep(1e5) while true do s:gsub('a', '%0b') end",
      "('a'):gsub('a', function() while true do end end)"
    ]) {
      const loop = new FakeLoop(0.1)
      const limits = { cpuMs: 40, sliceMs: 1, fuel: 1e12 }
      const program = compileLua([{ text }], { libraries: 'open', limits, slices: new Slices(loop) })
      await assert.rejects(async () => loop.end(program.start().execute(0)), { limit: 'cpu' })
      assert.ok(loop.turns >= 4, `${text}: the loop turned ${loop.turns} times`)
    }
  })

  it('gives what a paused pattern and a paused replacement found', async () => {
    const text = `local s = ('ab'):rep(2000) .. 'c'
      local n = 0
      for a, b in s:gmatch('(a)(b)') do n = n + 1 end
      local t, k = s:gsub('a', {a = 'xx'})
      local u, m = s:gsub('(a)(b)', function(a, b) return b .. a end)
      return n, #t, k, u:sub(1, 4), #u, m, s:find('c', 1), s:match('.-(c)')`
    const limits = { cpuMs: 30_000, sliceMs: 0, fuel: 1e12, memoryBytes: 2 ** 30 }
    const loop = new FakeLoop(0.01)
    const program = compileLua([{ text }], { libraries: 'open', limits, slices: new Slices(loop) })
    const found = await loop.end(program.start().execute(0))
    assert.deepEqual(found, [2000, 6001, 2000, 'baba', 4001, 2000, 4001, 'c'])
    assert.ok(loop.turns >= 10, `the loop turned ${loop.turns} times`)
  })

  it('makes a program pause only for what it can reach: fields and methods are no variables', () => {
    const later = asyncFunction('later', () => Promise.resolve(1))
    const resumable = (text: string): boolean => compileLua([{ text }], { globals: { later }, trialRuns: 0 }).resumable
    assert.equal(resumable('local r = {} local x = r.load, r.coroutine function r.later() end r:later()'), false)
    for (const text of ['later()', 'local l = later', 'load("x")', '_G["la" .. "ter"]()', 'x = coroutine', 'getfenv().later()'])
      assert.equal(resumable(text), true, text)
  })

  it('goes on in the same program after a run was ended', async () => {
    const program = compileLua([{ text: 'return ("x"):rep(size())' }], {
      libraries: 'open',
      globals: { size: hostFunction('size', () => sizes.shift()) },
      limits: { memoryBytes: 1_000_000 }
    })
    const sizes = [1e9, 3]
    assert.throws(() => program.start().execute(0), { limit: 'memory' })
    assert.deepEqual(program.start().execute(0), ['xxx'])
  })

  it('keeps runs apart when one begins inside of another', () => {
    const inner = compileLua([{ text: 'local s = 0 for i = 1, 10 do s = s + i end return s' }])
    const nested = hostFunction('nested', () => inner.start().execute(0) as readonly LuaValue[])
    const outer = compileLua([{ text: 'x = 1 local v = nested() return v, x' }], {
      globals: { nested, nothing: hostFunction('nothing', () => NOTHING) }
    })
    assert.deepEqual(outer.start().execute(0), [55, 1])
  })
})

describe('steps', () => {
  const counted = async (text: string, fuel: number): Promise<number> => {
    let count = 0
    const globals = { note: hostFunction('note', () => void count++ as undefined) }
    const program = compileLua([{ text }], { globals, limits: { ...wide, fuel } })
    await assert.rejects(async () => program.start().execute(0), /too many steps/)
    return count
  }

  for (const fuel of [1, 10, 1000, 2047, 2048, 2049, 100_000])
    it(`${fuel} are ${fuel}, in loops and in both ways to run`, async () => {
      for (const way of ['', 'local c = coroutine;']) {
        const count = await counted(`${way} while true do note() end`, fuel)
        assert.ok(count <= fuel && count >= fuel / 2 - 1, `${count}`)
      }
    })

  it('work of library functions counts as a whole', async () => {
    const limits = { ...wide, fuel: 50_000 }
    assert.equal((await end('local s = ("a"):rep(1e6); s = s:reverse()', limits)).limit, 'fuel')
    assert.equal((await end('local t = {} for i = 1, 10 do t[i] = ("a"):rep(1e5):reverse() end', limits)).limit, 'fuel')
  })

  it('count over several chunks of a run', async () => {
    const program = compileLua(
      Array.from({ length: 12 }, () => ({ text: 'for i = 1, 100 do end' })),
      { limits: { ...wide, fuel: 1000 } }
    )
    const run = program.start()
    for (let i = 0; i < 9; i++) await run.execute(i)
    assert.throws(() => {
      run.execute(9)
      run.execute(10)
    }, /too many steps/)
  })
})

describe('long texts', () => {
  const result = async (text: string): Promise<LuaValue> =>
    (
      await compileLua([{ text }], { libraries: 'open', limits: { ...wide, fuel: 1e9 } })
        .start()
        .execute(0)
    )[0]

  it('are changed a piece at a time, and characters stay whole', async () => {
    for (const piece of ['aäé', '€xyz', '𝒳', 'abc', 'ßäz', '\u212a\u0130x'])
      for (const shift of ['', 'x', 'xy', 'xyz']) {
        const lua = `local s = '${shift}' .. ('${piece}'):rep(60000) return`
        const short = async (name: string): Promise<string> =>
          luaToText((await result(`return ('${piece}'):${name}()`)) as string)
        for (const name of ['upper', 'lower'] as const) {
          const first = name === 'upper' ? shift.toUpperCase() : shift
          assert.ok(
            luaToText((await result(`${lua} s:${name}()`)) as string) === first + (await short(name)).repeat(60000),
            piece
          )
        }
      }
    assert.equal(await result(`return ('abc'):rep(50000):reverse() == ('cba'):rep(50000)`), true)
  })

  it('are searched a piece at a time', async () => {
    const text = "(('a'):rep(200000) .. 'needle' .. ('a'):rep(200000))"
    for (const [from, found] of [
      [1, 200001],
      [100000, 200001],
      [200001, 200001],
      [200002, undefined]
    ] as const)
      assert.equal(await result(`return ${text}:find('needle', ${from}, true)`), found)
    const edges = "local s = ('a'):rep(65534) .. 'bcdef'"
    assert.equal(await result(`${edges} return s:find('bcdef', 1, true)`), 65535)
    assert.equal(await result(`${edges} return s:find(s, 1, true)`), 1)
    assert.equal(await result(`${edges} return s:find(s .. 'x', 1, true)`), undefined)
  })

  it('end a run where one is longer than a quarter of the memory, or than 16 MiB', async () => {
    for (const text of [
      "local s = ('x'):rep(17 * 1024 * 1024)",
      "local s = ('x'):rep(9 * 1024 * 1024); s = s .. s",
      "local s = ('x'):rep(6 * 1024 * 1024); s = s .. 'a' .. s .. 'b' .. s",
      "local s = ('x'):rep(9 * 1024 * 1024); s = table.concat({s, s})",
      "local s = ('x'):rep(9 * 1024 * 1024); s = ('%s%s'):format(s, s)",
      "local s = ('x'):rep(1024 * 1024); s = ('y'):rep(20):gsub('y', s)"
    ])
      assert.equal((await end(text, { ...wide, fuel: 1e9 })).limit, 'memory', text)
    const wider = { ...wide, memoryBytes: 128 * 1024 * 1024 }
    const program = compileLua([{ text: "return #(('x'):rep(20 * 1024 * 1024))" }], { libraries: 'open', limits: wider })
    assert.deepEqual(await program.start().execute(0), [20 * 1024 * 1024])
  })
})
