/** Random programs, seeded: whatever they are, they end, with a result or with an error of Lua. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import fc from 'fast-check'
import { compileLua, LuaError, LuaSyntaxError } from '../../../../../plugins/modifier/lua/engine/index.js'

const limits = { cpuMs: 30_000, blockMs: 30_000, fuel: 40_000, memoryBytes: 4_000_000 }

async function ends(text: string, blockMs: number): Promise<void> {
  try {
    await compileLua([{ text: Buffer.from(text, 'latin1') }], {
      libraries: 'open',
      limits: { ...limits, blockMs },
      print: () => {}
    })
      .start()
      .execute(0)
  } catch (error) {
    assert.ok(error instanceof LuaError || error instanceof LuaSyntaxError, `${text}\n${(error as Error).stack}`)
  }
}

const WORDS =
  'and break do else elseif end false for function goto if in local nil not or repeat return then true until while + - * / % ^ # == ~= <= >= < > = ( ) { } [ ] ; : , . .. ... :: a b c x _G string table pairs ipairs pcall error select unpack setmetatable 1 0x10 1e3 .5 "s" \'t\' [[l]] --'.split(
    ' '
  )

const names = fc.constantFrom('a', 'b', 'c', 't', 'f', 'print', 'type', '__proto__', 'constructor')
const { expression, block } = fc.letrec<{ expression: string; call: string; statement: string; block: string }>(tie => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    names,
    fc.constantFrom('nil', 'true', '1', '0', '-1', '1e308', '"x"', '""', '...', '{}', '"10"', '0/0', '2^53', '"%d"', '"(a*)*b"'),
    fc
      .tuple(tie('expression'), fc.constantFrom(...'+ - * / % ^ .. == ~= < <= > >= and or'.split(' ')), tie('expression'))
      .map(parts => parts.join(' ')),
    fc.tuple(fc.constantFrom('-', 'not ', '#'), tie('expression')).map(([operator, value]) => `${operator}${value}`),
    tie('expression').map(value => `(${value})`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `{${a}, k = ${b}, [${a}] = ${b}}`),
    fc.tuple(names, tie('expression')).map(([name, key]) => `${name}[${key}]`),
    fc
      .tuple(fc.constantFrom('', '...', 'a', 'a, b', 'a, ...'), tie('block'))
      .map(([parameters, body]) => `(function(${parameters}) ${body} end)`),
    tie('call')
  ),
  call: fc.oneof(
    { depthSize: 'small' },
    fc.tuple(names, tie('expression')).map(([name, arg]) => `${name}(${arg})`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('rep', 'sub', 'find', 'gsub', 'format', 'byte'),
        tie('expression'),
        tie('expression')
      )
      .map(([o, m, a, b]) => `(${o}):${m}(${a}, ${b})`),
    fc
      .tuple(
        fc.constantFrom(
          'pcall',
          'select',
          'unpack',
          'tostring',
          'setmetatable',
          'table.concat',
          'table.sort',
          'next',
          'string.format',
          'coroutine.wrap',
          'loadstring',
          'rawset'
        ),
        tie('expression'),
        tie('expression')
      )
      .map(([f, a, b]) => `${f}(${a}, ${b})`)
  ),
  statement: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(names, tie('expression')).map(([name, value]) => `local ${name} = ${value}`),
    fc.tuple(names, names, tie('expression'), tie('expression')).map(([a, b, x, y]) => `${a}, ${b}.k = ${x}, ${y}`),
    tie('call'),
    fc.tuple(tie('expression'), tie('block'), tie('block')).map(([test, yes, no]) => `if ${test} then ${yes} else ${no} end`),
    fc.tuple(tie('expression'), tie('block')).map(([test, body]) => `while ${test} do ${body} end`),
    fc.tuple(tie('block'), tie('expression')).map(([body, test]) => `repeat ${body} until ${test}`),
    fc
      .tuple(names, tie('expression'), tie('expression'), tie('block'))
      .map(([name, from, to, body]) => `for ${name} = ${from}, ${to} do ${body} end`),
    fc
      .tuple(names, names, tie('expression'), tie('block'))
      .map(([k, v, list, body]) => `for ${k}, ${v} in pairs(${list}) do ${body} end`),
    fc.tuple(names, tie('block')).map(([name, body]) => `local function ${name}(...) ${body} end`),
    fc.tuple(names, tie('block')).map(([name, body]) => `do ${body} goto l${name} ::l${name}:: end`)
  ),
  block: fc.oneof(
    { depthSize: 'small' },
    fc.constant(''),
    tie('statement'),
    fc.tuple(tie('statement'), tie('statement')).map(parts => parts.join(' ')),
    tie('expression').map(value => `do return ${value} end`)
  )
}))

it('ends with a result or a Lua error for any words', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...WORDS), { maxLength: 30 }), async words => ends(words.join(' '), 20_000)),
    { seed: 17, numRuns: 400 }
  )
})

const TOKENS = /[A-Za-z_]\w*|\d[\w.]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\.{2,3}|[=~<>]=|::|\s+|./gs
const KEYWORDS = new Set(WORDS.slice(0, 22))

/** Tokens of one kind may stand for each other in a program that stays well formed. */
function kindOf(token: string): string {
  if (/^[A-Za-z_]/.test(token)) return KEYWORDS.has(token) ? token : 'name'
  if (/^[\d"']/.test(token)) return 'value'
  return /^(?:[-+*/%^<>]|\.\.|[=~<>]=)$/.test(token) ? 'operator' : token
}

it('ends with a result or a Lua error for recorded programs with other tokens in places', async () => {
  const recorded = ['recorded.jsonl', 'recorded-systematic.jsonl']
    .flatMap(file => readFileSync(new URL(file, import.meta.url), 'utf8').split('\n'))
    .filter(line => line !== '')
    .map(line => (JSON.parse(line) as { src: string }).src)
    .filter(src => src.length < 1500)
    .map(src => src.match(TOKENS) ?? [])
  const byKind = new Map<string, string[]>()
  for (const token of new Set(recorded.flat())) {
    const kind = kindOf(token)
    byKind.set(kind, [...(byKind.get(kind) ?? []), token])
  }
  const place = fc.record({ at: fc.nat(), from: fc.nat(), whole: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...recorded),
      fc.array(place, { minLength: 1, maxLength: 5 }),
      fc.constantFrom(20_000, 30_000),
      async (program, places, blockMs) => {
        const tokens = [...program]
        for (const { at, from, whole } of places) {
          const i = at % Math.max(tokens.length, 1)
          const others = byKind.get(kindOf(tokens[i] ?? '')) ?? WORDS
          tokens[i] = whole ? others[from % others.length]! : WORDS[from % WORDS.length]!
        }
        await ends(tokens.join(''), blockMs)
      }
    ),
    { seed: 22, numRuns: 1000 }
  )
})

it('ends with a result or a Lua error for any bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async bytes => ends(Buffer.from(bytes).toString('latin1'), 20_000)),
    { seed: 18, numRuns: 200 }
  )
})

it('ends with a result or a Lua error for any program that is well formed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(block, { minLength: 1, maxLength: 6 }), fc.constantFrom(20_000, 30_000), async (blocks, blockMs) =>
      ends(blocks.join('\n'), blockMs)
    ),
    { seed: 19, numRuns: 500 }
  )
})

it('ends with a result or a Lua error for any pattern', async () => {
  const piece = fc.constantFrom(
    'a',
    '.',
    '%a',
    '%d',
    '%',
    '[',
    ']',
    '[^a]',
    '(',
    ')',
    '()',
    '*',
    '+',
    '-',
    '?',
    '^',
    '$',
    '%b()',
    '%1',
    '%f',
    'b',
    '\0'
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 12 }),
      fc.constantFrom('find', 'match', 'gmatch', 'gsub'),
      async (pieces, method) => {
        const pattern = JSON.stringify(pieces.join('').replaceAll('\0', ''))
        await ends(`return ("aab(a)b1"):rep(20):${method}(${pattern}, "%1")`, 30_000)
      }
    ),
    { seed: 20, numRuns: 400 }
  )
})

it('calculates the same with plain functions and with generators', async () => {
  await fc.assert(
    fc.asyncProperty(expression, async value => {
      const results = []
      for (const blockMs of [20_000, 30_000]) {
        try {
          const text = `local a, b, c, t, f = 1, "2", nil, {1, 2, x = 3}, function(...) return ... end return tostring(${value})`
          results.push(
            await compileLua([{ text }], { libraries: 'open', limits: { ...limits, blockMs }, print: () => {} })
              .start()
              .execute(0)
          )
        } catch (error) {
          results.push((error as Error).message)
        }
      }
      assert.deepEqual(String(results[0]).replace(/0x\w+/g, ''), String(results[1]).replace(/0x\w+/g, ''))
    }),
    { seed: 21, numRuns: 300 }
  )
})
