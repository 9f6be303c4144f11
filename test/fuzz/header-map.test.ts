import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { endToEndFields, HOP_BY_HOP } from '../../src/http/fields.js'
import { FieldMap } from '../../src/message/field-map.js'
import { holds } from './fuzz.js'

type Pairs = [string, string][]

const name = fc.constantFrom(
  'A',
  'a',
  'Set-Cookie',
  'set-cookie',
  'X-One',
  'x-one',
  'X-oNE',
  '__proto__',
  'constructor',
  'Content-Length',
  'transfer-encoding'
)
const value = fc.oneof(fc.constantFrom('', '1', 'a, b', 'ÿ\t'), fc.string({ unit: fc.constantFrom(...' ~aZ09,;="') }))

const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), name, values: fc.oneof(value, fc.array(value, { maxLength: 3 })) }),
  fc.record({ do: fc.constant('append' as const), name, values: value }),
  fc.record({ do: fc.constant('delete' as const), name, values: fc.constant('') })
)

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

const framing = (name: string): boolean => same(name, 'Content-Length') || same(name, 'Transfer-Encoding')

/** What the interface says, as simply as it can be said. */
function apply(model: Pairs, { do: what, name, values }: { do: string; name: string; values: string | string[] }): Pairs {
  if (what === 'append') return [...model, [name, values as string]]
  const first = model.findIndex(([known]) => same(known, name))
  const rest = model.filter(([known]) => !same(known, name))
  if (what === 'delete') return rest
  const added = (Array.isArray(values) ? values : [values]).map((one): [string, string] => [name, one])
  const at = first < 0 ? rest.length : first
  return [...rest.slice(0, at), ...added, ...rest.slice(at)]
}

test('HeaderMap does what a list of pairs does', t => {
  holds(
    t,
    3000,
    fc.property(fc.array(step, { maxLength: 14 }), steps => {
      const map = new FieldMap()
      let model: Pairs = []
      for (const one of steps) {
        const act = (): void => {
          if (one.do === 'append') map.append(one.name, one.values as string)
          else if (one.do === 'set') map.set(one.name, one.values)
          else map.delete(one.name)
        }
        if (one.do !== 'delete' && framing(one.name)) assert.throws(act, TypeError)
        else {
          act()
          model = apply(model, one)
        }
        assert.deepEqual([...map], model)
        const of = model.filter(([known]) => same(known, one.name)).map(([, text]) => text)
        assert.deepEqual(map.getAll(one.name), of)
        assert.equal(map.has(one.name.toUpperCase()), of.length > 0)
        const joined = same(one.name, 'set-cookie') ? of[0] : of.join(', ')
        assert.equal(map.get(one.name), of.length === 0 ? undefined : joined)
      }
    })
  )
})

test('HeaderMap takes no name and no value that could break a message', t => {
  holds(
    t,
    2000,
    fc.property(fc.string({ unit: 'binary' }), text => {
      for (const put of [(map: FieldMap) => map.set('x', text), (map: FieldMap) => map.append('x', text)]) {
        const map = new FieldMap()
        const legal = /^[\t\x20-\x7e\x80-\xff]*$/.test(text)
        if (legal) put(map)
        else assert.throws(() => put(map), TypeError)
        assert.equal(map.has('x'), legal)
      }
      const legalName = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/.test(text)
      const map = new FieldMap()
      if (legalName) map.set(text, 'v')
      else assert.throws(() => map.set(text, 'v'), TypeError)
    })
  )
})

test('no connection-specific field gets by, whatever Connection lists', t => {
  const fields = fc.array(
    fc.tuple(
      fc.constantFrom(
        'Connection',
        'connection',
        'Keep-Alive',
        'TE',
        'Upgrade',
        'Trailer',
        'Transfer-Encoding',
        'X-A',
        'x-b',
        'X-C',
        'Authorization'
      ),
      fc.constantFrom('close', 'x-a', 'X-B , x-c', ',,', 'keep-alive, X-A', 'upgrade', 'authorization', '')
    ),
    { maxLength: 10 }
  )
  holds(
    t,
    2000,
    fc.property(fields, pairs => {
      const named = new Set(
        pairs
          .filter(([known]) => same(known, 'connection'))
          .flatMap(([, list]) => list.split(',').map(one => one.trim().toLowerCase()))
      )
      const kept = endToEndFields(pairs.flat())
      const expected = pairs.filter(([known]) => {
        const lower = known.toLowerCase()
        return !HOP_BY_HOP.has(lower) && !named.has(lower)
      })
      assert.deepEqual(kept, expected.flat())
    })
  )
})
