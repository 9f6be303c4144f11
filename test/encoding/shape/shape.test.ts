import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlatmapOperation } from '../../../src/config/types.js'
import { compileFlatmap } from '../../../src/encoding/flatmap/flatmap.js'
import { respParam } from '../../../src/encoding/resp-param.js'
import { compileShape, type ShapeConfig } from '../../../src/encoding/shape/shape.js'
import { renderJson } from '../../../src/message/json/render.js'
import { runWhole } from '../../../src/message/slices.js'
import { parseJsonObject } from '../at-once.js'

const NONE: ShapeConfig = {
  target: '',
  allow: [],
  deny: [],
  mapping: [],
  group: '',
  proxy: { shadow: false, shadowTimeoutMs: 0, flatmapFilter: [] }
}
const flat = (...operations: [FlatmapOperation['type'], ...string[]][]): ShapeConfig['proxy'] => ({
  ...NONE.proxy,
  flatmapFilter: operations.map(([type, ...args]) => ({ type, args }))
})

/** Shapes text; checks that a second document shaped by the same function is not touched by the first. */
function shaped(text: string, part: Partial<ShapeConfig>): string {
  const shape = compileShape({ ...NONE, ...part })!
  const run = (): string => renderJson(runWhole(shape(parseJsonObject(Buffer.from(text))))).toString()
  const first = run()
  assert.equal(run(), first)
  return first
}

test('nothing to do is no function at all', () => {
  assert.equal(compileShape(NONE), undefined)
  assert.equal(compileFlatmap([]), undefined)
  assert.equal(compileFlatmap([{ type: 'move', args: ['a'] }]), undefined)
  assert.equal(compileFlatmap([{ type: 'unknown' as 'del', args: ['a', 'b'] }]), undefined)
})

const DEEP = '{"l1":{"l2":{"l3":{"n":1.0},"o":2},"k":3},"top":4}'

for (const [name, text, part, expected] of [
  ['target walks objects', DEEP, { target: 'l1.l2' }, '{"l3":{"n":1.0},"o":2}'],
  ['a missing target is an empty object', DEEP, { target: 'l1.x' }, '{}'],
  ['an array target is lost', '{"a":[1]}', { target: 'a' }, '{}'],
  ['a target of null data is an empty object', 'null', { target: 'a' }, '{}'],
  ['allow keeps an allowed parent whole', DEEP, { allow: ['l1.l2', 'none'] }, '{"l1":{"l2":{"l3":{"n":1.0},"o":2}}}'],
  ['a later allow entry narrows', DEEP, { allow: ['l1', 'l1.k'] }, '{"l1":{"k":3}}'],
  ['a later allow entry widens', DEEP, { allow: ['l1.k', 'l1', 'x'] }, '{"l1":{"l2":{"l3":{"n":1.0},"o":2},"k":3}}'],
  ['allow drops objects left empty', DEEP, { allow: ['l1.l2.l3.x', 'top'] }, '{"top":4}'],
  ['allow does not enter arrays', '{"a":[{"b":1}],"c":2}', { allow: ['a.b', 'c'] }, '{"c":2}'],
  ['allow keeps an empty object that is allowed', '{"a":{},"b":1}', { allow: ['a'] }, '{"a":{}}'],
  ['allow beats deny', '{"a":1,"b":2}', { allow: ['a', 'b'], deny: ['a'] }, '{"a":1,"b":2}'],
  ['allow of null data', 'null', { allow: ['a'] }, 'null'],
  ['deny removes nested fields', DEEP, { deny: ['l1.l2.l3', 'top', 'x.y', 'top.z'] }, '{"l1":{"l2":{"o":2},"k":3}}'],
  ['deny leaves an emptied object', '{"a":{"b":1}}', { deny: ['a.b'] }, '{"a":{}}'],
  ['a denied parent holds over its children', DEEP, { deny: ['l1', 'l1.k'] }, '{"top":4}'],
  ['deny does not enter arrays', '{"a":[{"b":1}]}', { deny: ['a.b'] }, '{"a":[{"b":1}]}'],
  ['deny of null data', 'null', { deny: ['a'] }, 'null'],
  ['a key with a dot is not reached by a path', '{"a.b":1,"a":{"b":2}}', { deny: ['a.b'] }, '{"a.b":1,"a":{}}'],
  ['mapping renames and overwrites', '{"a":1,"b":2,"c":3}', { mapping: [['a', 'b']] }, '{"b":1,"c":3}'],
  ['mapping cuts the new name at the dot', '{"a":1}', { mapping: [['a', 'x.y.z']] }, '{"x":1}'],
  [
    'mapping can swap',
    '{"a":1,"b":2}',
    {
      mapping: [
        ['a', 'b'],
        ['b', 'a']
      ]
    },
    '{"b":1,"a":2}'
  ],
  ['mapping to its own name takes the field out', '{"a":1,"b":2}', { mapping: [['a', 'a']] }, '{"b":2}'],
  ['mapping of what is missing', '{"a":1}', { mapping: [['b', 'a']] }, '{"a":1}'],
  ['mapping of null data', 'null', { mapping: [['b', 'a']] }, 'null'],
  ['mapping to __proto__', '{"a":1}', { mapping: [['a', '__proto__']] }, '{"__proto__":1}'],
  ['group wraps', '{"a":1}', { group: 'g.h' }, '{"g.h":{"a":1}}'],
  ['group of empty data', '{}', { group: 'g' }, '{"g":{}}'],
  ['group of null data', 'null', { group: 'g' }, '{"g":null}'],
  [
    'all of them, in order',
    '{"d":{"t":2,"m":{"p":1,"q":2}}}',
    { target: 'd', allow: ['t', 'm.p'], mapping: [['t', 'n']], group: 'r' },
    '{"r":{"m":{"p":1},"n":2}}'
  ],
  [
    'flatmap puts allow, deny and mapping aside',
    '{"a":1,"b":2}',
    { allow: ['b'], mapping: [['b', 'z']], group: 'g', proxy: flat(['move', 'a', 'x']) },
    '{"g":{"x":1,"b":2}}'
  ],
  ['flatmap of null data', 'null', { proxy: flat(['del', 'a']) }, 'null'],
  ['flatmap of empty data', '{}', { proxy: flat(['del', 'a']) }, '{}'],
  ['del of the only field leaves null', '{"a":{"b":1},"c":2}', { proxy: flat(['del', 'a.b']) }, '{"a":null,"c":2}'],
  ['del of the last root field leaves null', '{"a":1}', { proxy: flat(['del', 'a']) }, 'null'],
  [
    'del with a wildcard',
    '{"m":{"x":{"v":1},"y":{"v":2,"w":3}}}',
    { proxy: flat(['del', 'm.*.v']) },
    '{"m":{"x":null,"y":{"w":3}}}'
  ],
  ['del of several paths', '{"a":1,"b":2,"c":3}', { proxy: flat(['del', 'a', 'b', 'x.y', 'c.d']) }, '{"c":3}'],
  [
    'move within a depth renames the last key only',
    '{"a":{"x":1,"y":2}}',
    { proxy: flat(['move', 'a.x', 'other.z']) },
    '{"a":{"z":1,"y":2}}'
  ],
  ['move over a field replaces it', '{"a":1,"b":2}', { proxy: flat(['move', 'a', 'b']) }, '{"b":1}'],
  ['move up', '{"a":{"b":{"c":1},"d":2}}', { proxy: flat(['move', 'a.b.c', 'up']) }, '{"a":{"b":null,"d":2},"up":1}'],
  [
    'move up inside a wildcard',
    '{"l":[{"o":{"n":1,"m":2}},{"o":{"n":3,"m":4}}]}',
    { proxy: flat(['move', 'l.*.o.n', 'l.*.n']) },
    '{"l":[{"o":{"m":2},"n":1},{"o":{"m":4},"n":3}]}'
  ],
  [
    'move up to what is missing hangs where the way ends',
    '{"a":{"b":{"c":{"d":1,"e":2}}}}',
    { proxy: flat(['move', 'a.b.c.d', 'a.x.y']) },
    '{"a":{"b":{"c":{"e":2}},"y":1}}'
  ],
  ['move down creates objects', '{"a":1,"b":2}', { proxy: flat(['move', 'a', 'n.m.a']) }, '{"b":2,"n":{"m":{"a":1}}}'],
  ['move below itself', '{"a":1}', { proxy: flat(['move', 'a', 'a.b']) }, '{"a":{"b":1}}'],
  ['move into an array', '{"a":1,"l":[2]}', { proxy: flat(['move', 'a', 'l.x']) }, '{"l":[2,1]}'],
  ['items have no names to move', '{"l":[1,2]}', { proxy: flat(['move', 'l.0', 'l.x']) }, '{"l":[1,2]}'],
  ['indexes are those of the document', '{"a":["x","y","z"]}', { proxy: flat(['del', 'a.0', 'a.1']) }, '{"a":["z"]}'],
  ['an index that is gone stays gone', '{"a":["x","y"]}', { proxy: flat(['del', 'a.0'], ['del', 'a.0']) }, '{"a":["y"]}'],
  [
    'moved items leave the others their indexes',
    '{"a":["x","y","z"]}',
    { proxy: flat(['move', 'a.0', 'first'], ['move', 'a.1', 'second']) },
    '{"a":["z"],"first":"x","second":"y"}'
  ],
  [
    'del of all items leaves null',
    '{"a":[1,2],"b":[],"c":[3]}',
    { proxy: flat(['del', 'a.*', 'b.*', 'c.0']) },
    '{"a":null,"b":[],"c":null}'
  ],
  ['move onto an index appends', '{"a":["x"],"s":"v"}', { proxy: flat(['move', 's', 'a.0']) }, '{"a":["x","v"]}'],
  [
    'move onto a wildcard appends',
    '{"l":[{"k":1},{"k":2,"m":3}]}',
    { proxy: flat(['move', 'l.*.k', 'l.*']) },
    '{"l":[null,{"m":3},1,2]}'
  ],
  [
    'move of a wildcard moves only what is called so',
    '{"a":{"b":1},"l":[1]}',
    { proxy: flat(['move', 'a.*', 'a.x'], ['move', 'l.*', 'm']) },
    '{"a":{"b":1},"l":[1]}'
  ],
  [
    'move of an only child below itself',
    '{"l":[{"k":1},{"k":2}]}',
    { proxy: flat(['move', 'l.*.k', 'l.*.k.z']) },
    '{"l":[{"k":{"z":1}},{"k":{"z":2}}]}'
  ],
  ['move to the place of its parent', '{"a":{"b":{"c":1}}}', { proxy: flat(['move', 'a.b', 'a']) }, '{"a":{"c":1}}'],
  ['move below a scalar replaces it until it is empty', '{"s":1,"t":2}', { proxy: flat(['move', 's', 't.s']) }, '{"t":{"s":1}}'],
  [
    'what a move made is gone with its last field',
    '{"s":1,"t":2}',
    { proxy: flat(['move', 's', 't.s'], ['del', 't.s']) },
    '{"t":2}'
  ],
  [
    'move along the labels of a wildcard',
    '{"l":[{"a":{"n":1}},{"a":{"n":2}}],"m":[{},{"x":0}]}',
    { proxy: flat(['move', 'l.*.a.n', 'm.*.n']) },
    '{"l":[{"a":null},{"a":null}],"m":[{"n":1},{"x":0,"n":2}]}'
  ],
  ['arrays of arrays', '{"m":[[1,2],[3],[]]}', { proxy: flat(['del', 'm.*.0']) }, '{"m":[[2],null,[]]}'],
  ['keys with escapes are found', '{"\\u0061":1,"a\\"b":2}', { proxy: flat(['move', 'a', 'x']) }, '{"x":1,"a\\"b":2}'],
  [
    'of repeated keys the last one counts',
    '{"a":{"b":1},"a":{"b":2,"c":3},"d":1}',
    { proxy: flat(['del', 'a.b']) },
    '{"a":{"c":3},"d":1}'
  ],
  [
    'a document that no path fits stays as it is',
    '{ "a" : 1 }',
    { proxy: flat(['move', 'x.y', 'z'], ['del', 'a.b', '*.c']) },
    '{ "a" : 1 }'
  ],
  [
    'append of what a wildcard matches makes a list of it',
    '{"all":[0],"l":[{"k":1},{"k":[2]},{}]}',
    { proxy: flat(['append', 'l.*.k', 'all']) },
    '{"all":[0,1,[2],null],"l":[null,null,{}]}'
  ],
  [
    'append after del keeps the order',
    '{"a":[1,2,3],"b":[4]}',
    { proxy: flat(['del', 'a.0'], ['append', 'b', 'a'], ['del', 'a.1']) },
    '{"a":[3,4]}'
  ],
  [
    'append into a part of itself deletes',
    '{"a":[[1]],"b":2}',
    { proxy: flat(['append', 'a', 'a.0'], ['append', '*', 'x']) },
    '{"b":2}'
  ],
  ['append joins arrays', '{"a":[1.0],"b":[2]}', { proxy: flat(['append', 'a', 'b']) }, '{"b":[2,1.0]}'],
  ['append to itself deletes', '{"a":[1],"b":2}', { proxy: flat(['append', 'a', 'a']) }, '{"b":2}'],
  [
    'append needs two arrays',
    '{"a":[1],"b":2,"c":"x"}',
    { proxy: flat(['append', 'a', 'b'], ['append', 'c', 'a'], ['append', 'a', 'x']) },
    '{"a":[1],"b":2,"c":"x"}'
  ],
  [
    'append in a wildcard',
    '{"l":[{"a":[1],"b":[2]},{"a":[3],"b":[4]}]}',
    { proxy: flat(['append', 'l.*.a', 'l.*.b']) },
    '{"l":[{"b":[2,1]},{"b":[4,3]}]}'
  ]
] as [string, string, Partial<ShapeConfig>, string][]) {
  test(name, () => assert.equal(shaped(text, part), expected))
}

test('what a later key of the same name replaces never leaves through a level that was looked into', () => {
  const wide = Array.from({ length: 40 }, (_, i) => `"k${i}":1`).join()
  for (const secret of ['{"b":1}', '{"b":{"c":1}}', '[{"b":1}]']) {
    for (const last of ['5', 'null', '{"x":1}', '[]']) {
      for (const name of ['a', '\\u0061']) {
        const text = `{"${name}":${secret},"a":${last}}`
        assert.equal(shaped(text, { deny: ['a.b'] }), `{"a":${last}}`)
        assert.deepEqual(JSON.parse(shaped(`{"o":${text}}`, { deny: ['o.a.b'] })), { o: { a: JSON.parse(last) } })
        assert.equal(shaped(`{"o":${text},"${name}":1}`, { deny: ['o.a.b'] }).match(/"b"/), null)
        assert.equal(shaped(text, { proxy: flat(['del', 'a.b']) }), `{"a":${last}}`)
        assert.equal(shaped(`{${wide},${text.slice(1)}`, { proxy: flat(['del', 'a.b']) }), `{${wide},"a":${last}}`)
        assert.equal(shaped(text, { mapping: [['none', 'z']] }), `{"a":${last}}`)
      }
    }
  }
  assert.equal(shaped('{"a":1, "b":2}', { deny: ['a.b'] }), '{"a":1, "b":2}')
})

test('shapes large documents and objects of very many fields', () => {
  const many = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`k${i}`, { v: 'x'.repeat(40), i }]))
  const text = JSON.stringify({ big: 'y'.repeat(200_000), many, keep: 1 })
  assert.deepEqual(JSON.parse(shaped(text, { allow: ['many.k7.i', 'many.k2999', 'keep'] })), {
    many: { k7: { i: 7 }, k2999: many.k2999 },
    keep: 1
  })
  assert.deepEqual(JSON.parse(shaped(text, { deny: ['many', 'keep'] })), { big: 'y'.repeat(200_000) })
  const { k0: _, ...rest } = many
  assert.deepEqual(JSON.parse(shaped(JSON.stringify(many), { deny: ['k0'] })), rest)
})

test('values become parameters as KrakenD writes them', () => {
  const node = parseJsonObject(
    Buffer.from(
      '{"s":"é x","n":1.10,"big":12345678901234567890,"t":true,"nil":null,"l":[1,"a",null,{"id":3},[4,5]],"e":[],"o":{"b":1,"a":"x"},"p":{"q":[{"r":7}]}}'
    )
  )
  for (const [path, expected] of [
    ['s', 'é x'],
    ['n', '1.10'],
    ['big', '12345678901234567890'],
    ['t', 'true'],
    ['nil', '<nil>'],
    ['l', '1,a,<nil>,map[id:3],[4 5]'],
    ['e', ''],
    ['o', 'map[a:x b:1]'],
    ['p.q.0.r', '7'],
    ['nope', undefined],
    ['nope.s', undefined],
    ['s.x', undefined]
  ] as const) {
    assert.equal(respParam(node, path.split('.')), expected, path)
  }
  assert.equal(respParam(null, ['s']), undefined)
  assert.equal(respParam(node, undefined), undefined)
})
