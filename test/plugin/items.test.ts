import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TokenPipe } from '../../src/message/tokens/token-pipe.js'
import { items } from '../../src/plugin/index.js'

function run(text: string, stage: ReturnType<typeof items>, size = 3): string {
  const pipe = new TokenPipe([stage])
  const bytes = Buffer.from(text)
  const out: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) out.push(...pipe.write(bytes.subarray(at, at + size)))
  out.push(...pipe.end())
  return Buffer.concat(out).toString()
}

describe('items', () => {
  test('hands over each element of the root array with its index', () => {
    const seen: unknown[] = []
    const out = run(
      '[1,"a",null,true,false,{"k":[1]},[2,[3]]]',
      items('', (item, index) => {
        seen.push([index, item])
        return item
      })
    )
    assert.equal(out, '[1,"a",null,true,false,{"k":[1]},[2,[3]]]')
    assert.deepEqual(seen, [
      [0, 1],
      [1, 'a'],
      [2, null],
      [3, true],
      [4, false],
      [5, { k: [1] }],
      [6, [2, [3]]]
    ])
  })

  test('undefined leaves an element out', () => {
    assert.equal(
      run(
        '[1,2,3]',
        items<number>('', n => (n % 2 === 0 ? undefined : n))
      ),
      '[1,3]'
    )
    assert.equal(
      run(
        '[1]',
        items('', () => undefined)
      ),
      '[]'
    )
  })

  test('keeps the spelling of numbers that no edit replaced', () => {
    const text = '[{"n":12345678901234567890,"p":1.10,"l":[1e3]},1.50]'
    assert.equal(
      run(
        text,
        items('', item => item)
      ),
      text
    )
    const edited = run(
      text,
      items<Record<string, unknown>>('', item => {
        if (typeof item === 'object') item.x = { y: null, z: [true, false, 'ü"'] }
        return item
      })
    )
    assert.equal(edited, '[{"n":12345678901234567890,"p":1.10,"l":[1e3],"x":{"y":null,"z":[true,false,"ü\\""]}},1.50]')
  })

  test('follows a path of keys and nothing else', () => {
    const text =
      '{"a":[0],"b":{"a":[0],"items":[0],"c":{"items":[0]}},"data":{"x":[[0]],"items":[1,2],"y":{"items":[0]}},"items":[0]}'
    const seen: unknown[] = []
    const out = run(
      text,
      items('data.items', item => {
        seen.push(item)
        return 9
      })
    )
    assert.deepEqual(seen, [1, 2])
    assert.equal(out, text.replace('"items":[1,2]', '"items":[9,9]'))
    assert.equal(
      run(
        '{"a.b":[1]}',
        items(['a.b'], () => 2)
      ),
      '{"a.b":[2]}'
    )
    for (const other of ['{"data":1}', '{"data":[1]}', '{"data":{"items":{"items":[1]}}}', '[{"data":{"items":[1]}}]', '7']) {
      assert.equal(
        run(
          other,
          items('data.items', () => assert.fail(other))
        ),
        other
      )
    }
  })

  test('works for a path that comes twice', () => {
    assert.equal(
      run(
        '{"a":[1],"a":[2]}',
        items<number>('a', (n, i) => n * 10 + i)
      ),
      '{"a":[10],"a":[20]}'
    )
  })

  test('refuses an element over the limit', () => {
    assert.throws(
      () =>
        run(
          `["${'x'.repeat(50)}"]`,
          items('', x => x, { maxItemLength: 20 })
        ),
      { code: 'SLUICE_ERR_BODY_TOO_LARGE' }
    )
  })
})
