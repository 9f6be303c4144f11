import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  asyncFunction,
  checkString,
  compileLua,
  context,
  hostFunction,
  LuaError,
  LuaFailure,
  LuaSyntaxError,
  LuaTable,
  luaToText,
  NOTHING,
  raise,
  textToLua,
  UserdataType
} from '../../../../../plugins/modifier/lua/engine/index.js'

function failure(run: () => unknown): LuaError {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof LuaError, String(error))
    return error
  }
  throw new Error('the script did not fail')
}

describe('the host of a script', () => {
  it('shares globals between the chunks of a run and with no other run', () => {
    const program = compileLua([{ text: 'n = (n or 0) + 1 local hidden = 5' }, { text: 'n = n + 1 return n, hidden' }])
    for (let i = 0; i < 3; i++) {
      const run = program.start()
      run.execute(0)
      assert.deepEqual(run.execute(1), [2, undefined])
      assert.equal(run.get('n'), 2)
    }
  })

  it('gives functions the context of their run', () => {
    const who = hostFunction('who', () => context<{ name: string }>().name)
    const program = compileLua([{ text: 'return who()' }], { globals: { who } })
    assert.deepEqual(program.start({ name: 'a' }).execute(0), ['a'])
    assert.deepEqual(program.start({ name: 'b' }).execute(0), ['b'])
  })

  it('tells no value from nil', () => {
    const globals = { none: hostFunction('none', () => NOTHING), nothing: hostFunction('nothing', () => undefined) }
    const program = compileLua([{ text: 'local x = none() return type(x), type(nothing())' }, { text: 'return type(none())' }], {
      globals
    })
    assert.deepEqual(program.start().execute(0), ['nil', 'nil'])
    assert.equal(failure(() => program.start().execute(1)).value, '<string>:1: bad argument #1 to type (value expected)')
  })

  it('names the function in bad arguments as the script calls it', () => {
    const globals = { needs: hostFunction('needs', value => checkString(value, 1)) }
    const program = compileLua([{ text: 'local t = {other = needs}\nt.other()' }], { globals })
    const error = failure(() => program.start().execute(0))
    assert.equal(error.value, '<string>:2: bad argument #1 to other (string expected, got nil)')
    assert.equal(error.text, 'bad argument #1 to other (string expected, got nil)')
    assert.equal(error.line, 2)
  })

  it('carries a payload past pcall only when the script does not catch it', () => {
    const globals = { stop: hostFunction('stop', () => raise('stopped', { status: 418 })) }
    const sources = [
      { text: 'stop()', label: 'pre' },
      { text: 'return pcall(stop)', label: 'post' }
    ]
    const program = compileLua(sources, { globals })
    const error = failure(() => program.start().execute(0))
    assert.deepEqual(error.payload, { status: 418 })
    assert.equal(error.source, sources[0])
    assert.deepEqual(program.start().execute(1), [false, '<string>:1: stopped'])
  })

  it('has userdata with methods', () => {
    const box = new UserdataType<{ n: number }>('box', {
      statics: { new: n => box.wrap({ n: Number(n) }) },
      methods: {
        get: self => box.unwrap(self).n,
        add(self, n) {
          box.unwrap(self).n += Number(n)
          return NOTHING
        }
      }
    })
    const run = (text: string): unknown =>
      compileLua([{ text }], { globals: { box: box.table } })
        .start()
        .execute(0)
    assert.deepEqual(run('local b = box.new(2) b:add(3) return b:get(), type(b)'), [5, 'userdata'])
    assert.equal(failure(() => run('box.new(1):nope()')).text, 'attempt to call a non-function object')
    assert.equal(failure(() => run('box.new(1).get()')).text, 'bad argument #1 to get (userdata expected, got nil)')
    assert.equal(failure(() => run('box.new(1).x = 1')).text, "attempt to index a non-table object(userdata) with key 'x'")
  })

  it('keeps what a script writes into shared tables from other runs', () => {
    const shared = new LuaTable()
    shared.set('inner', new LuaTable())
    const program = compileLua(
      [
        { text: 'shared.x = 1 shared.inner.y = 2 table.twice = 3 return shared.x, shared.inner.y' },
        { text: 'return shared.x, shared.inner.y, table.twice' }
      ],
      {
        globals: { shared }
      }
    )
    assert.deepEqual(program.start().execute(0), [1, 2])
    assert.deepEqual(program.start().execute(1), [undefined, undefined, undefined])
  })

  it('keeps what a script writes into metatables from other runs', () => {
    const box: UserdataType<number> = new UserdataType('box', { statics: { new: () => box.wrap(1) }, methods: { get: () => 1 } })
    const made = hostFunction('made', () => box.wrap(2))
    const sources = [
      { text: 'getmetatable(made()).__index.get = function() return 5 end return made():get()' },
      { text: 'return made():get()' },
      { text: 'getmetatable("").__index = function() return 7 end return ("x").y' },
      { text: 'return ("x").y' },
      { text: 'function string.twice(s) return s .. s end return ("x"):twice()' },
      { text: 'return string.twice' }
    ]
    const results = sources.map((_source, i) =>
      compileLua(sources, { libraries: 'open', globals: { box: box.table, made } })
        .start()
        .execute(i)
    )
    assert.deepEqual(results, [[5], [1], [7], [undefined], ['xx'], [undefined]])
    const apart = sources.map(source =>
      compileLua([source], { libraries: 'open', globals: { box: box.table, made } })
        .start()
        .execute(0)
    )
    assert.deepEqual(apart, results)
  })

  it('has a traceback that ends where the run began', () => {
    const inner = compileLua([{ text: 'local function f() error({}) end\nf()' }])
    const nested = hostFunction('nested', () => inner.start().execute(0) as readonly [])
    const error = failure(() =>
      compileLua([{ text: '\n\nnested()' }], { globals: { nested } })
        .start()
        .execute(0)
    )
    assert.equal(
      error.traceback,
      "stack traceback:\n\t[G]: in function 'error'\n\t<string>:1: in function 'f'\n\t<string>:2: in main chunk\n\t[G]: ?"
    )
  })

  it('waits for promises of the host', async () => {
    const globals = {
      later: asyncFunction('later', async n => Number(n) * 2),
      refused: asyncFunction('refused', () => Promise.reject(new LuaFailure('no answer', 7)))
    }
    const sources = [
      { text: 'local ok, v = pcall(function() local s = 0 for i = 1, 3 do s = s + later(i) end return s end) return ok, v' },
      { text: 'return pcall(refused)' },
      { text: 'local x = 1\nrefused()' },
      { text: 'return later' + '(4)' }
    ]
    const program = compileLua(sources, { globals })
    const run = program.start()
    assert.deepEqual(await run.execute(0), [true, 12])
    assert.deepEqual(await run.execute(1), [false, '<string>:1: no answer'])
    await assert.rejects(async () => run.execute(2), { message: '<string>:2: no answer', payload: 7 })
    assert.deepEqual(await run.execute(3), [8])
  })

  it('refuses to wait where the name is not to be seen', () => {
    const globals = { api: new LuaTable() }
    globals.api.set(
      'later',
      asyncFunction('later', async () => 1)
    )
    const program = compileLua([{ text: 'return find("x")' }], {
      globals: { ...globals, find: hostFunction('find', () => (globals.api.get('later') as () => number)()) }
    })
    assert.match(failure(() => program.start().execute(0)).text, /cannot wait/)
  })

  it('reports syntax errors with source, line and column', () => {
    const sources = [{ text: 'x = 1' }, { text: 'local a\nif then end', label: 'post' }]
    assert.throws(
      () => compileLua(sources),
      (error: unknown) =>
        error instanceof LuaSyntaxError &&
        error.source === sources[1] &&
        error.line === 2 &&
        error.column === 7 &&
        error.message.includes("near 'then'")
    )
  })

  it('takes texts as bytes', () => {
    const program = compileLua([{ text: "return #'é', 'é' .. given" }])
    const run = program.start()
    run.set('given', textToLua('ü'))
    const [size, text] = run.execute(0) as [number, string]
    assert.equal(size, 2)
    assert.equal(luaToText(text), 'éü')
  })
})
