import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileTargetTemplate } from '../../src/backend/request-template.js'
import { GatewayError } from '../../src/errors.js'
import { compileQueryPick } from '../../src/http/query.js'
import { queryValues } from '../../src/http/query-values.js'
import { decodeSegment, encodeQueryValue, encodeSegment, parseTarget } from '../../src/http/target.js'
import { createRouter } from '../../src/router/router.js'
import { ROUTER_OPTIONS } from '../router/router-options.js'
import { holds } from './fuzz.js'

const nasty = fc.string({ unit: fc.constantFrom(...'/.?#&=+;% \t\r\n\\:@ab1é日😀\u0000\u007f'), maxLength: 12 })
const anyText = fc.oneof(fc.string({ unit: 'binary' }), nasty)
const SEGMENT = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-F]{2})*$/

test('what a path template writes is one segment, and decodes to the same value', t => {
  const value = fc.oneof(fc.string({ unit: 'grapheme' }), nasty)
  const write = compileTargetTemplate('/a/{id}/b/{file}?q={id}', '/a/{{.Id}}/b/{{.File}}?q={{.Id}}')
  holds(
    t,
    5000,
    fc.property(value, value, (id, file) => {
      let target: string
      try {
        target = write({ id, file }, '')
      } catch (error) {
        assert.equal((error as GatewayError).code, 'SLUICE_ERR_CLIENT_BAD_PARAM')
        assert.ok([id, file].some(one => /^\.{1,2}(?:;|$)/.test(one)))
        return
      }
      const match = /^\/a\/([^/?#]*)\/b\/([^/?#]*)\?q=([^&#=; ]*)$/.exec(target)
      assert.ok(match !== null, target)
      assert.match(match[1]!, SEGMENT)
      assert.match(match[2]!, SEGMENT)
      assert.ok(!['.', '..'].includes(match[1]!) && !['.', '..'].includes(match[2]!))
      assert.deepEqual([decodeSegment(match[1]!), decodeSegment(match[2]!)], [id, file])
      assert.equal(new URLSearchParams(`q=${match[3]!.replaceAll('+', '%2B')}`).get('q'), id)
      // another reader of URLs sees the same path
      assert.equal(new URL(`http://h${target}`).pathname, `/a/${match[1]}/b/${match[2]}`)
    })
  )
})

test('what came encoded goes up encoded, what came bare goes up bare, in any mixture', t => {
  const router = createRouter([{ method: 'GET', path: '/p/{id}/{file}', value: 1 }], ROUTER_OPTIONS)
  const write = compileTargetTemplate('/p/{id}/{file}', '/p/{{.Id}}/{{.File}}')
  const reserved = fc.constantFrom(..."!$&'()*+,:;=@")
  const char = fc.oneof(reserved, reserved.map(escaped), fc.constantFrom('a', '1', '%20', '%C3%A9', '%FF', '.'))
  const segment = fc.array(char, { minLength: 1, maxLength: 8 }).map(chars => `x${chars.join('')}`)
  holds(
    t,
    4000,
    fc.property(segment, segment, (id, file) => {
      const found = router.lookup('GET', `/p/${id}/${file}`)
      assert.ok(found.kind === 'route')
      assert.equal(write(found.params, ''), `/p/${id}/${file}`)
      assert.equal(write({ ...found.params }, ''), `/p/${id}/${file}`)
      assert.equal(found.params.id, decodeSegment(id))
    })
  )
})

const escaped = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`

test('any escaped bytes survive decoding and encoding', t => {
  holds(
    t,
    4000,
    fc.property(fc.uint8Array({ maxLength: 12 }), bytes => {
      const escaped = [...bytes].map(byte => `%${byte.toString(16).padStart(2, '0')}`).join('')
      const back = (text: string): number[] => [...Buffer.from(unescapeBytes(text), 'latin1')]
      assert.deepEqual(back(encodeSegment(decodeSegment(escaped))), [...bytes])
      assert.deepEqual(back(encodeQueryValue(decodeSegment(escaped))), [...bytes])
    })
  )
})

function unescapeBytes(text: string): string {
  return text.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

test('a request target is refused with 400 or read so that it says what it said', t => {
  const target = fc.oneof(
    anyText,
    anyText.map(text => `/${text}`),
    nasty.map(text => `http://h${text}`),
    nasty.map(text => `//${text}/x?y`)
  )
  holds(
    t,
    6000,
    fc.property(target, text => {
      let read: ReturnType<typeof parseTarget>
      try {
        read = parseTarget(text)
      } catch (error) {
        assert.ok(error instanceof GatewayError && error.statusCode === 400, String(error))
        return
      }
      assert.match(read.path, /^(\*|\/[\x21\x24-\x3e\x40-\x7e]*)$/)
      assert.doesNotMatch(read.path, /[?#\s]/)
      assert.doesNotMatch(read.query, /[#\s\0-\x1f\x7f-\uffff]/)
      if (!read.hasQuery) assert.equal(read.query, '')
      if (read.path === '*') return assert.equal(text, '*')
      const whole = read.hasQuery ? `${read.path}?${read.query}` : read.path
      if (read.authority === undefined && /^[\x21-\x7e]*$/.test(text)) assert.equal(whole, text)
      // what was read is read again as the same
      assert.deepEqual(parseTarget(whole), { ...read, authority: undefined })
    })
  )
})

/** Pairs that Go's and the web's reading agree on: no `;`, no broken escape. */
const pairText = fc.string({ unit: fc.constantFrom(..."abAB12-_.~+=%20%41%C3%A9!*'()".split(/(?=[^%]|%..)/)), maxLength: 8 })

test('a query list picks what URLSearchParams picks, sorted by name', t => {
  const query = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'a+b', 'a%20b', 'A', 'c', ''), fc.option(pairText)), { maxLength: 8 })
  const names = ['a', 'a b', 'A', '']
  const pick = compileQueryPick(names)
  holds(
    t,
    4000,
    fc.property(query, pairs => {
      const raw = pairs.map(([key, text]) => (text === null ? key : `${key}=${text}`)).join('&')
      if (/;|%(?![0-9A-Fa-f]{2})/.test(raw)) return
      const wanted = [...new URLSearchParams(raw)].filter(([key]) => names.includes(key))
      wanted.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      assert.deepEqual([...new URLSearchParams(pick(raw))], wanted)
      assert.match(pick(raw), /^[A-Za-z0-9\-_.~%+&=]*$/)
      const values = new Map<string, string[]>()
      for (const [key, text] of new URLSearchParams(raw)) values.set(key, [...(values.get(key) ?? []), text])
      assert.deepEqual(queryValues(raw), values)
    })
  )
})

test('no query makes a list pass a name that is not on it', t => {
  const pick = compileQueryPick(['a'])
  holds(
    t,
    4000,
    fc.property(anyText, raw => {
      const picked = pick(raw)
      for (const pair of picked === '' ? [] : picked.split('&')) assert.match(pair, /^a=[A-Za-z0-9\-_.~%+]*$/)
    })
  )
})
