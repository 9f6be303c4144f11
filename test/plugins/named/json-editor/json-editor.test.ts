import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { compileEdits } from '../../../../plugins/named/json-editor/edits.js'
import * as editor from '../../../../plugins/named/json-editor/index.js'
import { PLACES, testShipped } from '../support.js'

function edited(options: Parameters<typeof compileEdits>[0], json: string): string {
  const value = JSON.parse(json)
  compileEdits(options)!(value)
  return JSON.stringify(value)
}

describe('edits at dotted paths', () => {
  const cases: [string, Parameters<typeof compileEdits>[0], string, string][] = [
    ['removes a field', { remove: ['a.b'] }, '{"a":{"b":1,"c":2}}', '{"a":{"c":2}}'],
    ['removes below every element', { remove: ['list.*.x'] }, '{"list":[{"x":1,"y":2},{"x":3},4]}', '{"list":[{"y":2},{},4]}'],
    ['removes an element', { remove: ['0'] }, '[1,2]', '[2]'],
    ['removes all members', { remove: ['a.*', 'b.*'] }, '{"a":{"x":1},"b":[1,2]}', '{"a":{},"b":[]}'],
    ['leaves what is not there', { remove: ['x.y', 'a.b.c', 'list.length'] }, '{"a":1,"list":[1]}', '{"a":1,"list":[1]}'],
    ['sets a field', { set: { a: null } }, '{}', '{"a":null}'],
    ['makes the objects on the way', { set: { 'a.b.c': [1] } }, '{}', '{"a":{"b":{"c":[1]}}}'],
    [
      'sets below every element',
      { set: { 'list.*.ok': true } },
      '{"list":[{},{"ok":false}]}',
      '{"list":[{"ok":true},{"ok":true}]}'
    ],
    ['sets every element', { set: { 'list.*': 0 } }, '{"list":[1,2]}', '{"list":[0,0]}'],
    ['appends to an array and makes no holes', { set: { 'l.1': 2, 'l.9': 9, 'l.x': 1 } }, '{"l":[1]}', '{"l":[1,2]}'],
    ['does not replace a scalar by an object', { set: { 'a.b': 1 } }, '{"a":"x"}', '{"a":"x"}'],
    ['makes nothing below a missing collection', { set: { 'a.*.b': 1 } }, '{}', '{}'],
    ['renames', { rename: { a: 'b' } }, '{"a":1,"c":2}', '{"c":2,"b":1}'],
    ['moves to another place', { rename: { 'a.b': 'x.y' } }, '{"a":{"b":[1]}}', '{"a":{},"x":{"y":[1]}}'],
    [
      'renames in every element',
      { rename: { 'list.*.a': 'list.*.b' } },
      '{"list":[{"a":1},{"c":2}]}',
      '{"list":[{"b":1},{"c":2}]}'
    ],
    ['removes, then renames, then sets', { set: { a: 3 }, rename: { a: 'b' }, remove: ['b'] }, '{"a":1,"b":2}', '{"b":1,"a":3}'],
    ['takes __proto__ for a key', { set: { '__proto__.x': 1 } }, '{}', '{"__proto__":{"x":1}}'],
    ['does nothing to scalars', { set: { a: 1 }, remove: ['b'] }, '7', '7']
  ]
  for (const [name, options, before, after] of cases) {
    test(name, () => {
      assert.equal(edited(options, before), after)
      assert.equal(({} as { x?: number }).x, undefined)
    })
  }

  test('returns whether something changed', () => {
    const edit = compileEdits({ remove: ['a'], rename: { b: 'c' } })!
    assert.equal(edit({ x: 1 }), false)
    assert.equal(edit({ a: 1 }), true)
    assert.equal(compileEdits({}), undefined)
  })

  test('one option serves many messages', () => {
    const edit = compileEdits({ set: { a: { list: [] } } })!
    const one: Record<string, { list: number[] }> = {}
    const other: Record<string, { list: number[] }> = {}
    edit(one)
    edit(other)
    one.a!.list.push(1)
    assert.deepEqual(other, { a: { list: [] } })
  })

  test('refuses paths that lead nowhere', () => {
    assert.throws(() => compileEdits({ remove: ['a..b'] }), /'a\.\.b' is no path/)
    assert.throws(() => compileEdits({ rename: { 'a.*.b': 'c' } }), /both paths must be the same up to the last '\*'/)
  })
})

describe('sluice-json-editor', () => {
  for (const place of PLACES) {
    test(`edits both directions as a ${place.kind} of the ${place.scope}`, async () => {
      const tested = await testShipped(editor, {
        ...place,
        method: 'POST',
        options: { request: { set: { 'meta.via': 'gateway' } }, response: { remove: ['secret'] } },
        upstream: { headers: { 'Content-Type': 'application/json' }, body: '{"secret":1, "n":12345678901234567890,"p":1.10}' }
      })
      const answer = await tested.request({ headers: { 'Content-Type': 'application/json' }, body: '{"id": 1.0}' })
      assert.equal(answer.text(), '{"n":12345678901234567890,"p":1.10}')
      assert.equal(tested.calls[0]!.body.toString(), '{"id":1.0,"meta":{"via":"gateway"}}')
      await tested.close()
    })
  }

  test('leaves a body that no edit concerns as it is, coding included', async () => {
    const bytes = gzipSync('{ "a" : 1 }')
    const tested = await testShipped(editor, {
      options: { response: { remove: ['b'] } },
      upstream: { headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }, body: bytes }
    })
    assert.deepEqual((await tested.request()).body, bytes)
    await tested.close()
  })

  test('leaves other media types and empty bodies alone', async () => {
    const tested = await testShipped(editor, {
      kind: 'modifier',
      options: { response: { set: { a: 1 } } },
      upstream: call =>
        call.url === '/?empty' ? { status: 204 } : { headers: { 'Content-Type': 'text/html' }, body: '<p>{}</p>' }
    })
    assert.equal((await tested.request()).text(), '<p>{}</p>')
    assert.equal((await tested.request({ path: '/?empty' })).status, 204)
    await tested.close()
  })

  test('edits the data of a decoded endpoint', async () => {
    const tested = await testShipped(editor, {
      kind: 'modifier',
      encoding: 'json',
      options: { response: { rename: { a: 'b' } } },
      upstream: { body: { a: 1 } }
    })
    assert.deepEqual((await tested.request()).json(), { b: 1 })
    await tested.close()
  })

  test('a request that is no JSON is refused with 400', async () => {
    const tested = await testShipped(editor, { method: 'POST', options: { request: { set: { a: 1 } } } })
    const answer = await tested.request({ headers: { 'Content-Type': 'application/json' }, body: '{' })
    assert.equal(answer.status, 400)
    assert.equal(tested.calls.length, 0)
    await tested.close()
  })

  test('wrong options stop the start', async () => {
    await assert.rejects(testShipped(editor, {}), /nothing to edit/)
    await assert.rejects(testShipped(editor, { options: { answer: {} } }), /must NOT have additional properties \('answer'\)/)
    await assert.rejects(testShipped(editor, { options: { response: { remove: [''] } } }), /\/response\/remove\/0/)
  })
})
