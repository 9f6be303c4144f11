import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FaultSink, OptionReader } from '../../src/plugin/option-reader.js'

class Fatal extends Error {}

/** A reader of `value`, and the faults that it reports. */
function open(value: unknown): { options: OptionReader; faults: string[] } {
  const faults: string[] = []
  const sink: FaultSink = {
    fail(pointer, message) {
      throw new Fatal(`${pointer}: ${message}`)
    },
    report: (pointer, message) => void faults.push(`${pointer}: ${message}`)
  }
  return { options: new OptionReader(value, sink), faults }
}

test('an absent key and null have the value for absent keys', () => {
  for (const value of [{}, { a: null }, Object.create({ a: 'inherited' }) as object]) {
    const { options, faults } = open(value)
    assert.equal(options.has('a'), false)
    assert.equal(options.flag('a'), false)
    assert.equal(options.flag('a', true), true)
    assert.equal(options.text('a', 'x'), 'x')
    assert.equal(options.integer('a', -3), -3)
    assert.equal(options.count('a', 3), 3)
    assert.equal(options.amount('a', 1.5), 1.5)
    assert.equal(options.durationMs('a', 7), 7)
    assert.deepEqual(options.texts('a', ['x']), ['x'])
    assert.deepEqual(options.textsOf('a'), [])
    assert.deepEqual(options.integers('a'), [])
    assert.deepEqual(options.textPairs('a'), [])
    assert.deepEqual([...options.textMap('a')], [])
    assert.deepEqual([...options.textLists('a')], [])
    assert.equal(options.object('a'), undefined)
    assert.deepEqual(options.objects('a'), [])
    assert.deepEqual(faults, [])
  }
})

test('values of the right type are returned as they are', () => {
  const { options, faults } = open({
    flag: true,
    text: 'x',
    integer: -2,
    amount: 0.5,
    duration: '1m30s',
    texts: ['a', 'b'],
    integers: [1, -1],
    pairs: [['a', 'b']],
    map: { k: 'v' },
    lists: { k: ['v', 'w'] },
    object: { inner: 'y' },
    objects: [{ inner: 'z' }]
  })
  assert.equal(options.flag('flag'), true)
  assert.equal(options.text('text'), 'x')
  assert.equal(options.integer('integer', 0), -2)
  assert.equal(options.amount('amount', 0), 0.5)
  assert.equal(options.durationMs('duration', 0), 90_000)
  assert.deepEqual(options.texts('texts'), ['a', 'b'])
  assert.deepEqual(options.integers('integers'), [1, -1])
  assert.deepEqual(options.textPairs('pairs'), [['a', 'b']])
  assert.deepEqual([...options.textMap('map')], [['k', 'v']])
  assert.deepEqual([...options.textLists('lists')], [['k', ['v', 'w']]])
  assert.equal(options.object('object')?.text('inner'), 'y')
  assert.deepEqual(
    options.objects('objects').map(one => one.text('inner')),
    ['z']
  )
  assert.equal(options.keys().length, 12)
  assert.deepEqual(faults, [])
})

test('a value of another type stops the start where no value for faults is named', () => {
  const { options } = open({ a: {}, n: -1, d: '5', l: ['a', 1], o: [1] })
  const stops = (read: () => unknown, message: string): void =>
    assert.throws(read, (error: unknown) => error instanceof Fatal && error.message === message)
  stops(() => options.flag('a'), '/a: expected true or false')
  stops(() => options.text('n'), '/n: expected a string')
  stops(() => options.count('n', 0), '/n: expected a whole number from 0')
  stops(() => options.amount('n', 0), '/n: expected a number from 0')
  stops(() => options.durationMs('d', 0), '/d: expected a duration such as "1m30s"')
  stops(() => options.texts('l'), '/l: expected a list of strings')
  stops(() => options.object('o'), '/o: expected an object')
  stops(() => options.objects('a'), '/a: expected a list of objects')
  stops(() => options.objects('o')[0]!.text('x'), '/o/0: expected an object')
  stops(() => open([]).options.text('a'), ': expected an object')
})

test('a value of another type is reported where a value for faults is named', () => {
  const { options, faults } = open({ f: 1, t: 1, q: '12', d: '5', z: 9, l: [1], m: { k: 1 } })
  const map = new Map([['x', 'y']])
  assert.equal(options.flag('f', false, true), true)
  assert.equal(options.text('t', '', 'wrong'), 'wrong')
  assert.equal(options.amount('q', 0, 7), 12, 'a number in quotes counts')
  assert.equal(options.amount('l', 0, 7), 7)
  assert.equal(options.durationMs('d', 1, 2), 2)
  assert.equal(options.durationMs('z', 1, 0), 0)
  assert.deepEqual(options.texts('l', [], ['none']), ['none'])
  assert.equal(options.textMap('m', map), map)
  assert.deepEqual(
    faults.map(line => line.split(':')[0]),
    ['/f', '/t', '/q', '/l', '/d', '/z', '/l', '/m']
  )
})

test('faults within nested objects have the whole pointer', () => {
  const { options, faults } = open({ a: [{ b: { c: 1, l: ['x', 2] } }] })
  const inner = options.objects('a')[0]!.object('b')!
  assert.equal(inner.text('c', '', '-'), '-')
  assert.deepEqual(inner.textsOf('l'), ['x'])
  inner.report('/d', 'said by the component')
  assert.deepEqual(faults, ['/a/0/b/c: expected a string', '/a/0/b/l/1: expected a string', '/a/0/b/d: said by the component'])
})

test('names of header fields are checked; lists keep those that are names', () => {
  const { options, faults } = open({
    a: 'X-A',
    b: 'X B',
    c: 'X\0',
    e: '',
    l: ['*', 'X B', 'X-C'],
    m: ['X B'],
    f: { 'X-F': '1', 'X F': '2', 'X/G': 'a\r\nb' }
  })
  assert.equal(options.fieldName('a'), 'X-A')
  assert.equal(options.fieldName('e', 'X-E'), 'X-E')
  assert.throws(() => options.fieldName('b'), /^.*\/b: expected the name of a header field/)
  assert.throws(() => options.cookieName('b'), /^.*\/b: expected the name of a cookie/)
  assert.equal(options.fieldName('c', '', 'wrong'), 'wrong')
  assert.deepEqual(options.fieldNames('l'), ['*', 'X-C'])
  const none: readonly string[] = []
  assert.equal(options.fieldNames('m', ['*'], none), none, 'a list without any name is not an empty one')
  assert.deepEqual([...options.fieldMap('f')], [['X-F', '1']])
  assert.deepEqual(
    faults.map(line => line.split(':')[0]),
    ['/c', '/l/1', '/m/0', '/f/X F', '/f/X~1G']
  )
})
