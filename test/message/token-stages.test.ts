import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GatewayError } from '../../src/errors.js'
import type { Token, TokenStage } from '../../src/message/public.js'
import { TokenPipe } from '../../src/message/tokens/token-pipe.js'
import { createRandom, randomChunks, SEED } from '../encoding/json/random.js'

type Push = (t: Token) => void

function run(stages: readonly TokenStage[], chunks: readonly (string | Uint8Array)[]): string {
  const pipe = new TokenPipe(stages)
  const out = chunks.flatMap(chunk => pipe.write(Buffer.from(chunk as string)))
  return Buffer.concat([...out, ...pipe.end()]).toString()
}

const text = (value: string): Token => ({ name: 'stringValue', value })
const labelOf = (t: Token): string => ('value' in t ? String(t.value) : t.name)

/** Stages of different shapes and with different habits, as plugins bring them. */
class Upper implements TokenStage {
  token(t: Token, push: Push): void {
    push(t.name === 'stringValue' ? text(t.value.toUpperCase()) : t)
  }
}

/** Leaves strings out that contain its letter. */
class Without implements TokenStage {
  private readonly letter: string

  constructor(letter: string) {
    this.letter = letter
  }

  token(t: Token, push: Push): void {
    if (t.name !== 'stringValue' || !t.value.includes(this.letter)) push(t)
  }
}

/** Every string `count` times. */
const repeat = (count: number): TokenStage => ({
  token(t, push) {
    for (let i = 0; i < (t.name === 'stringValue' ? count : 1); i++) push(t)
  }
})

/** Holds the last bracket back and writes how many strings it saw in front of it. */
class Total implements TokenStage {
  private strings = 0
  private depth = 0

  token(t: Token, push: Push): void {
    if (t.name === 'startArray') this.depth++
    if (t.name === 'endArray' && --this.depth === 0) return
    if (t.name === 'stringValue') this.strings++
    push(t)
  }

  end(push: Push): void {
    push(text(`total ${this.strings}`))
    push({ name: 'endArray' })
  }
}

/** A state machine that swaps its own method. */
class FirstOnly implements TokenStage {
  token: TokenStage['token'] = (t, push) => {
    push(t)
    if (t.name === 'stringValue') this.token = this.others
  }

  private readonly others: TokenStage['token'] = (t, push) => {
    if (t.name !== 'stringValue') push(t)
  }
}

test('stages that push none, one and many tokens do what they do one after another', () => {
  const list = JSON.stringify(['ab', 'b', 'ac', ['a']])
  assert.equal(run([new Without('b'), new Upper(), repeat(2)], [list]), '["AC","AC",["A","A"]]')
  assert.equal(run([repeat(3), new Without('c'), repeat(0)], [list]), '[[]]')
  assert.equal(run([new Upper(), new Without('b'), new FirstOnly()], [list]), '["AB",[]]')
})

test('what a stage pushes at its end goes through the stages behind it, before they end', () => {
  const list = '["ab",["c"]]'
  assert.equal(run([new Total(), new Upper(), repeat(2)], [list]), '["AB","AB",["C","C"],"TOTAL 2","TOTAL 2"]')
  assert.equal(
    run([repeat(2), new Total(), new Total(), new Total()], [list]),
    '["ab","ab",["c","c"],"total 4","total 5","total 6"]'
  )
})

test(`any chain makes what its stages make in a row of pipes of their own (seed ${SEED})`, () => {
  const random = createRandom(SEED)
  const kinds: (() => TokenStage)[] = [
    () => new Upper(),
    () => new Without('b'),
    () => repeat(2),
    () => repeat(0),
    () => new Total(),
    () => new FirstOnly()
  ]
  const words = ['ab', 'B', 'é\n', '', 'long '.repeat(20)]
  for (let round = 0; round < 300; round++) {
    const document = JSON.stringify([1.5, ...Array.from({ length: 6 }, () => [words[Math.floor(random() * words.length)], null])])
    const chain = Array.from({ length: Math.floor(random() * 9) }, () => kinds[Math.floor(random() * kinds.length)]!)
    const expected = chain.reduce((body, make) => run([make()], [body]), document)
    const actual = run(
      chain.map(make => make()),
      randomChunks(random, Buffer.from(document))
    )
    assert.equal(actual, expected, document)
  }
})

test('every stage sees its own tokens in their order, all of a chunk before write answers', () => {
  const seen: string[][] = [[], [], []]
  const stages = seen.map((labels): TokenStage => {
    return {
      token(t, push) {
        labels.push(labelOf(t))
        push(t.name === 'stringValue' ? text(`${t.value}.`) : t)
      },
      end: () => labels.push('end')
    }
  })
  const pipe = new TokenPipe(stages)
  pipe.write(Buffer.from('["a","b",'))
  assert.deepEqual(seen, [
    ['startArray', 'a', 'b'],
    ['startArray', 'a.', 'b.'],
    ['startArray', 'a..', 'b..']
  ])
  pipe.write(Buffer.from('"c"]'))
  pipe.end()
  assert.deepEqual(
    seen.map(labels => labels.slice(3)),
    [
      ['c', 'endArray', 'end'],
      ['c.', 'endArray', 'end'],
      ['c..', 'endArray', 'end']
    ]
  )
})

test('a throw in the middle of a chunk leaves write as it was thrown, whichever stage it comes from', () => {
  const same = (): TokenStage => ({ token: (t, push) => push(t) })
  for (const at of [0, 3, 7]) {
    const failure = new Error(`stage ${at}`)
    const stages = Array.from({ length: 8 }, same)
    stages[at] = {
      token(t, push) {
        if (labelOf(t) === 'bad') throw failure
        push(t)
      }
    }
    const pipe = new TokenPipe(stages)
    assert.equal(Buffer.concat(pipe.write(Buffer.from('["good",'))).toString(), '["good"')
    assert.throws(
      () => pipe.write(Buffer.from('"good","bad","good"]')),
      (error: unknown) => error === failure
    )
  }
})

test('a throw at the end leaves end as it was thrown', () => {
  const failure = new Error('not complete')
  const pipe = new TokenPipe([
    new Upper(),
    {
      token: (t, push) => push(t),
      end() {
        throw failure
      }
    },
    new Upper()
  ])
  pipe.write(Buffer.from('["a"]'))
  assert.throws(
    () => pipe.end(),
    (error: unknown) => error === failure
  )
})

test('a token that cannot stand where the last stage pushed it is refused in the middle of a chain', () => {
  const twice: TokenStage = {
    token(t, push) {
      push(t)
      if (t.name === 'keyValue') push(t)
    }
  }
  const pipe = new TokenPipe([new Upper(), twice, new Upper()])
  assert.throws(
    () => pipe.write(Buffer.from('{"a":1}')),
    (error: GatewayError) => error.code === 'SLUICE_ERR_PLUGIN_FAILED' && /pushed keyValue/.test(error.message)
  )
})
