import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GatewayError } from '../../../src/errors.js'
import type { Token, TokenStage } from '../../../src/message/public.js'
import { TokenPipe, type TokenPipeOptions } from '../../../src/message/tokens/token-pipe.js'
import { canonical, createRandom, randomChunks, randomText, SEED } from '../../encoding/json/random.js'

function run(stages: readonly TokenStage[], chunks: readonly (string | Buffer)[], options?: TokenPipeOptions): string {
  const pipe = new TokenPipe(stages, options)
  const out: Uint8Array[] = []
  for (const chunk of chunks) out.push(...pipe.write(Buffer.from(chunk)))
  out.push(...pipe.end())
  return Buffer.concat(out).toString()
}

const codeOf = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    return (error as GatewayError).code
  }
  return ''
}

const same: TokenStage = { token: (t, push) => push(t) }

test(`rewrites any document at any chunk border, numbers as they were (seed ${SEED})`, () => {
  const random = createRandom(SEED)
  for (let round = 0; round < 2000; round++) {
    const text = randomText(random, 4)
    const actual = run(random() < 0.5 ? [] : [same, same], randomChunks(random, Buffer.from(text)))
    assert.equal(canonical(actual), canonical(text), text)
  }
})

test(`refuses what JSON.parse refuses (seed ${SEED})`, () => {
  const random = createRandom(SEED)
  for (let round = 0; round < 2000; round++) {
    const bytes = Buffer.from(randomText(random, 3))
    bytes[Math.floor(random() * bytes.length)] = '{}[]",:\\0.e-x\n'.charCodeAt(Math.floor(random() * 14))
    let valid = true
    try {
      JSON.parse(bytes.toString())
    } catch {
      valid = false
    }
    const code = codeOf(() => run([], randomChunks(random, bytes)))
    assert.equal(code, valid ? '' : 'SLUICE_ERR_BODY_NOT_JSON', JSON.stringify(bytes.toString()))
  }
})

test('each stage sees what the one before it pushed, and may push more at the end', () => {
  const upper: TokenStage = {
    token: (t, push) => push(t.name === 'stringValue' ? { name: 'stringValue', value: t.value.toUpperCase() } : t)
  }
  const twice: TokenStage = {
    token(t, push) {
      if (t.name === 'startArray') return push(t)
      if (t.name === 'endArray') return
      push(t)
      push(t)
    },
    end(push) {
      push({ name: 'stringValue', value: 'end' })
      push({ name: 'endArray' })
    }
  }
  assert.equal(run([twice, upper], ['["a",', '1.0]']), '["A","A",1.0,1.0,"END"]')
  assert.equal(run([upper, twice], ['["a"]']), '["A","A","end"]')
})

test('tells every stage of an abort', () => {
  const reasons: Error[] = []
  const stage: TokenStage = { ...same, abort: reason => reasons.push(reason) }
  const reason = new Error('gone')
  const pipe = new TokenPipe([stage, same, stage])
  pipe.write(Buffer.from('{"a":'))
  pipe.abort(reason)
  assert.deepEqual(reasons, [reason, reason])
})

test('limits a token, the depth, and refuses an empty body', () => {
  const options = { maxTokenLength: 1000, maxDepth: 3 }
  assert.equal(
    codeOf(() => run([], [`["${'x'.repeat(500)}"]`], options)),
    ''
  )
  assert.equal(
    codeOf(() => run([], ['["', ...Array(30).fill('x'.repeat(100))], options)),
    'SLUICE_ERR_BODY_TOO_LARGE'
  )
  assert.equal(
    codeOf(() => run([], [...Array(30).fill(' '.repeat(100))], options)),
    'SLUICE_ERR_BODY_TOO_LARGE'
  )
  assert.equal(
    codeOf(() => run([], ['[[[1]]]'], options)),
    ''
  )
  assert.equal(
    codeOf(() => run([], ['[[[[1]]]]'], options)),
    'SLUICE_ERR_BODY_NOT_JSON'
  )
  assert.equal(
    codeOf(() => run([], ['['.repeat(100_000)])),
    'SLUICE_ERR_BODY_NOT_JSON'
  )
  assert.equal(
    codeOf(() => run([], [])),
    'SLUICE_ERR_BODY_NOT_JSON'
  )
  assert.equal(
    codeOf(() => run([], [' '], { code: 'SLUICE_ERR_UPSTREAM_DECODE' })),
    'SLUICE_ERR_UPSTREAM_DECODE'
  )
})

test('a stage that pushes what is not JSON is a failure of the plugin', () => {
  const turned = (...made: Token[]): TokenStage => ({
    token() {},
    end: push => made.forEach(push)
  })
  const one: Token = { name: 'numberValue', value: '1' }
  for (const made of [
    [{ name: 'startObject' }],
    [{ name: 'startObject' }, one],
    [{ name: 'startObject' }, { name: 'keyValue', value: 'a' }, { name: 'keyValue', value: 'b' }],
    [{ name: 'startObject' }, { name: 'keyValue', value: 'a' }, { name: 'endObject' }],
    [{ name: 'startArray' }, { name: 'keyValue', value: 'a' }],
    [{ name: 'startArray' }, { name: 'endObject' }],
    [{ name: 'endArray' }],
    [one, one]
  ] as Token[][]) {
    assert.equal(
      codeOf(() => run([turned(...made)], ['1'])),
      'SLUICE_ERR_PLUGIN_FAILED',
      JSON.stringify(made)
    )
  }
  assert.equal(run([turned()], ['{"a":1}']), '')
})

test('a chunk larger than a piece goes through in pieces', () => {
  const text = JSON.stringify(Array.from({ length: 20_000 }, (_, i) => `item é ${i}`))
  const pipe = new TokenPipe([])
  const out = pipe.write(Buffer.from(text))
  assert.ok(out.length > 2)
  assert.equal(Buffer.concat([...out, ...pipe.end()]).toString(), text)
})
