import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { GatewayError } from '../../src/errors.js'
import { MessageBody } from '../../src/message/body.js'
import type { ByteSink, ByteSource } from '../../src/message/byte-flow.js'
import { FieldMap } from '../../src/message/field-map.js'
import { within } from '../support/waiting.js'
import { borders, cut, holdsAsync } from './fuzz.js'

/** Pushes chunks, waits where the sink says so, and breaks off in the end when it is told to. */
class ChunkSource implements ByteSource {
  readonly length: number | undefined
  destroyed = false
  private readonly chunks: Buffer[]
  private readonly breaks: boolean
  private sink: ByteSink | undefined
  private over = false

  constructor(chunks: Buffer[], breaks: boolean, known: boolean) {
    this.chunks = chunks
    this.breaks = breaks
    this.length = known && !breaks ? chunks.reduce((sum, chunk) => sum + chunk.length, 0) : undefined
  }

  flow(sink: ByteSink): void {
    assert.equal(this.sink, undefined, 'a source flows once')
    this.sink = sink
    this.resume()
  }

  resume(): void {
    setImmediate(() => this.push())
  }

  private push(): void {
    while (!this.over && !this.destroyed) {
      const chunk = this.chunks.shift()
      if (chunk === undefined) {
        this.over = true
        if (this.breaks) this.sink!.fail(BROKEN)
        else this.sink!.end([])
      } else if (!this.sink!.write(chunk)) return
    }
  }

  destroy(): void {
    this.destroyed = true
  }
}

const BROKEN = new GatewayError('SLUICE_ERR_UPSTREAM_RESET')

/** Takes a body as a socket would: waits now and then. */
function take(source: ByteSource, slow: boolean): Promise<Buffer | GatewayError> {
  const outcome = new Promise<Buffer | GatewayError>(resolve => {
    const parts: Buffer[] = []
    let closed = false
    const close = (outcome: Buffer | GatewayError): void => {
      assert.ok(!closed, 'ended twice')
      closed = true
      resolve(outcome)
    }
    source.flow({
      write(chunk) {
        assert.ok(!closed, 'written after the end')
        parts.push(Buffer.from(chunk))
        if (!slow) return true
        setImmediate(() => source.resume())
        return false
      },
      end: () => close(Buffer.concat(parts)),
      fail: error => close(error)
    })
  })
  return within('the end of the body', outcome)
}

interface Watch {
  readonly heard: Buffer[]
  ends: number
  aborts: number
}

type Step = {
  do: 'tap' | 'transform' | 'tokens' | 'buffer' | 'json' | 'edit' | 'touch' | 'set' | 'setJson' | 'text' | 'clone'
  n: number
}

const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom('tap', 'tap', 'transform', 'tokens', 'buffer', 'json', 'edit', 'touch', 'set', 'setJson', 'text'),
  n: fc.nat(9)
})
const fieldsOf = fc.dictionary(
  fc.constantFrom('a', 'b', 'n', '__x'),
  fc.oneof(fc.integer(), fc.string({ unit: 'grapheme', maxLength: 5 }), fc.constant(null)),
  { noNullPrototype: true }
)

/** What the body must be after each step, as a plain JSON value; and who watches it. */
class Model {
  value: Record<string, unknown>
  watches: Watch[] = []
  readonly replaced: Watch[] = []

  constructor(value: Record<string, unknown>) {
    this.value = value
  }

  replace(value: Record<string, unknown>): void {
    this.value = value
    this.replaced.push(...this.watches)
    this.watches = []
  }
}

async function act(body: MessageBody, model: Model, { do: what, n }: Step): Promise<void> {
  switch (what) {
    case 'tap': {
      const watch: Watch = { heard: [], ends: 0, aborts: 0 }
      body.tap({
        chunk: chunk => watch.heard.push(Buffer.from(chunk)),
        end: () => void watch.ends++,
        abort: () => void watch.aborts++
      })
      model.watches.push(watch)
      return
    }
    case 'transform': // white space before and behind is another text of the same value
      body.transform({ chunk: chunk => [Buffer.from(chunk)], end: () => Buffer.from(' '.repeat(n)) }, { decoded: true })
      return
    case 'tokens': {
      const name = `t${n}`
      let depth = 0
      body.tokens({
        token(token, push) {
          if (token.name === 'endObject' && --depth === 0) {
            push({ name: 'keyValue', value: name })
            push({ name: 'numberValue', value: String(n) })
          }
          if (token.name === 'startObject') depth++
          push(token)
        }
      })
      model.value = { ...model.value, [name]: n }
      return
    }
    case 'buffer':
      await body.buffer()
      return
    case 'text':
      assert.deepEqual(JSON.parse(await body.text()), model.value)
      return
    case 'json':
      assert.deepEqual(await body.json(), model.value)
      return
    case 'edit':
      await body.editJson<Record<string, unknown>>(value => {
        value.edited = n
      })
      model.value = { ...model.value, edited: n }
      return
    case 'touch':
      body.touchJson()
      return
    case 'set':
      body.set(JSON.stringify({ set: n }))
      return model.replace({ set: n })
    case 'setJson':
      body.setJson({ json: n })
      return model.replace({ json: n })
  }
}

test('what travels is what the calls in their order say, and each observer hears one end', async t => {
  await holdsAsync(
    t,
    1200,
    fc.asyncProperty(
      fieldsOf,
      fc.array(step, { maxLength: 7 }),
      borders,
      fc.boolean(),
      fc.boolean(),
      async (fields, steps, places, gzipped, slow) => {
        const plain = Buffer.from(JSON.stringify(fields))
        const bytes = gzipped ? gzipSync(plain) : plain
        const headers = new FieldMap(['Content-Length', String(bytes.length), ...(gzipped ? ['Content-Encoding', 'gzip'] : [])])
        const body = new MessageBody({ headers, side: 'response' }, new ChunkSource(cut(bytes, places), false, slow))
        const model = new Model(fields)
        for (const one of steps) await act(body, model, one)
        const travelled = await take(await body.takeWhenSettled(), slow)
        assert.ok(Buffer.isBuffer(travelled), String(travelled))
        if (body.untouched) assert.ok(travelled.equals(bytes), 'unchanged to the bit')
        const text = headers.get('content-encoding') === 'gzip' ? gunzipSync(travelled) : travelled
        assert.deepEqual(JSON.parse(text.toString()), model.value)
        const length = headers.get('content-length')
        if (length !== undefined) assert.equal(Number(length), travelled.length)
        for (const watch of model.watches) assert.deepEqual([watch.ends, watch.aborts], [1, 0])
        for (const watch of model.replaced) assert.equal(watch.ends + watch.aborts, 1, 'one of end and abort')
      }
    )
  )
})

test('a body that breaks off, or is let go, never looks whole, and each observer hears one end', async t => {
  await holdsAsync(
    t,
    800,
    fc.asyncProperty(
      fieldsOf,
      fc.array(step, { maxLength: 6 }),
      borders,
      fc.boolean(),
      async (fields, steps, places, discards) => {
        const pieces = cut(Buffer.from(JSON.stringify(fields)), places)
        if (!discards) pieces.pop()
        const source = new ChunkSource(pieces, !discards, false)
        const body = new MessageBody({ headers: new FieldMap(), side: 'response' }, source)
        const model = new Model(fields)
        const watches: Watch[] = []
        try {
          for (const one of steps) {
            if (!discards && (one.do === 'set' || one.do === 'setJson')) continue
            await act(body, model, one)
          }
          watches.push(...model.watches)
          if (discards) {
            body.discard(BROKEN)
            for (const watch of watches) assert.equal(watch.ends + watch.aborts, 1, 'one of end and abort')
          } else assert.equal(await take(await body.takeWhenSettled(), false), BROKEN)
        } catch (error) {
          assert.equal(error, BROKEN)
          watches.push(...model.watches)
        }
        for (const watch of [...watches, ...model.replaced]) assert.equal(watch.ends + watch.aborts, 1, 'one of end and abort')
      }
    )
  )
})
