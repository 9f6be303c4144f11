/** Blocks of any shape: a start ends with a gateway or with a ConfigError, and what started answers. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MODIFIERS } from '../../../../plugins/modifier/martian/modifiers.js'
import { build, endpoint, startUpstream } from '../../scripted-upstream.js'

/** Numbers from 0 to 1, the same for each run. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const TEXTS = [
  '',
  'X-A',
  'x-b',
  'Host',
  'Content-Length',
  'a b',
  '\u00e9\n',
  'YQ==',
  '!!',
  '/x/*',
  '../..',
  'http',
  '*.test',
  '(a|',
  '1',
  'request',
  '2030-01-01T00:00:00Z'
]

class Shapes {
  private readonly next: () => number

  constructor(seed: number) {
    this.next = numbers(seed)
  }

  private pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)]!
  }

  private value(depth: number): unknown {
    const kind = this.next()
    if (kind < 0.75) return this.pick(TEXTS)
    if (kind < 0.85) return this.pick([0, 1, 80, 200, 404, 999, -1, 1.5, true, false, null])
    return kind < 0.92 ? [this.pick(TEXTS), this.pick(['request', 'response'])] : { a: depth > 0 ? this.value(depth - 1) : 1 }
  }

  block(depth: number): unknown {
    const odd = this.next()
    if (odd < 0.03) return this.value(1)
    const name =
      odd < 0.06 ? this.pick(['nothing.Modifier', 'skip.RoundTrip', '', '__proto__']) : this.pick([...MODIFIERS.keys()])
    const options: Record<string, unknown> = {}
    for (const [key, schema] of Object.entries(MODIFIERS.get(name)?.keys ?? { a: {} })) {
      if (this.next() < 0.15) continue
      const { type, $ref } = schema as { type?: string; $ref?: string }
      if ($ref !== undefined) options[key] = depth > 0 ? this.block(depth - 1) : { 'header.Modifier': { name: 'A', value: 'b' } }
      else if (key === 'modifiers') {
        const wraps = name === 'priority.Group'
        options[key] = Array.from({ length: depth > 0 ? 3 : 0 }, () =>
          wraps ? { modifier: this.block(depth - 1) } : this.block(depth - 1)
        )
      } else if (this.next() < 0.1) options[key] = this.value(2)
      else if (type === 'integer') options[key] = this.pick([0, 1, 80, 200, 404, 999])
      else if (type === 'boolean') options[key] = this.next() < 0.5
      else if (type === 'array') options[key] = [this.pick(TEXTS), this.pick(TEXTS)]
      else options[key] = this.pick(TEXTS)
    }
    if (this.next() < 0.4) options.scope = this.pick([['request'], ['response'], ['request', 'response'], []])
    return { [name]: options }
  }
}

test('blocks of any shape start in tolerant mode, and every request is answered', async t => {
  const shapes = new Shapes(7)
  const host = await startUpstream(t, (req, res) => {
    req.resume()
    res.setHeader('Set-Cookie', 'a=b').setHeader('X-A', '1').end('{"a":1}')
  })
  const lists = { input_headers: ['*'], input_query_strings: ['*'] }
  const endpoints = Array.from({ length: 240 }, (_, index) =>
    endpoint(`/e${index}`, host, {
      ...lists,
      ...(index % 2 === 0 ? { output_encoding: 'no-op' } : {}),
      backendExtra: { 'modifier/martian': shapes.block(3) }
    })
  )
  const { gateway } = await build(t, { endpoints }, { tolerant: true })
  const statuses = new Map<number, number>()
  for (let index = 0; index < endpoints.length; index++) {
    const { status } = await gateway.request({
      path: `/e${index}?a=1&X-A=%20`,
      headers: { Cookie: 'a=b', 'X-A': '1', Range: 'bytes=0-1' }
    })
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  t.diagnostic(JSON.stringify([...statuses]))
  assert.ok([...statuses.keys()].every(status => status >= 200 && status < 600))
  assert.ok(statuses.get(200)! > 50)
})
