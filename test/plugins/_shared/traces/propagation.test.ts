import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Incoming, Propagation, type Propagator } from '../../../../plugins/_shared/traces/propagation.js'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

const read = (propagators: readonly Propagator[], ...raw: string[]): Incoming => new Propagation(propagators).extract(raw)

const declines = (propagators: readonly Propagator[], ...raw: string[]): boolean => new Propagation(propagators).isDeclined(raw)

/** What was read as text: the trace, the span, and the decision; '' = no span. */
function textOf({ parent, sampled }: Incoming): string {
  const hex = (numbers: readonly number[]): string => numbers.map(one => (one >>> 0).toString(16).padStart(8, '0')).join('')
  const ids =
    parent === undefined ? '' : `${hex([parent.trace.a, parent.trace.b, parent.trace.c, parent.trace.d])} ${hex(parent.span)} `
  return ids + (sampled === undefined ? '' : sampled ? 'yes' : 'no')
}

const KNOWN = `${TRACE} ${SPAN} `

for (const [value, expected] of [
  [`00-${TRACE}-${SPAN}-01`, `${KNOWN}yes`],
  [`00-${TRACE}-${SPAN}-00`, `${KNOWN}no`],
  // only the first bit of the flags is known
  [`00-${TRACE}-${SPAN}-fe`, `${KNOWN}no`],
  [`00-${TRACE}-${SPAN}-ff`, `${KNOWN}yes`],
  [` 00-${TRACE}-${SPAN}-01\t`, `${KNOWN}yes`],
  // later versions may have more
  [`01-${TRACE}-${SPAN}-01`, `${KNOWN}yes`],
  [`cc-${TRACE}-${SPAN}-01-what-the-future-brings`, `${KNOWN}yes`],
  [`cc-${TRACE}-${SPAN}-01-`, `${KNOWN}yes`],
  [`cc-${TRACE}-${SPAN}-01.more`, ''],
  [`00-${TRACE}-${SPAN}-01-more`, ''],
  [`00-${TRACE}-${SPAN}-01-`, ''],
  [`ff-${TRACE}-${SPAN}-01`, ''],
  [`0-${TRACE}-${SPAN}-01`, ''],
  [`.0-${TRACE}-${SPAN}-01`, ''],
  [`0A-${TRACE}-${SPAN}-01`, ''],
  [`00-${TRACE.toUpperCase()}-${SPAN}-01`, ''],
  [`00-${TRACE}-${SPAN.toUpperCase()}-01`, ''],
  [`00-${TRACE}-${SPAN}-0A`, ''],
  [`00-${'0'.repeat(32)}-${SPAN}-01`, ''],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, ''],
  [`00-${TRACE.slice(1)}-${SPAN}-01`, ''],
  [`00-${TRACE}0-${SPAN}-01`, ''],
  [`00-${TRACE}-${SPAN}-1`, ''],
  [`00-${TRACE}-${SPAN}`, ''],
  [`00 ${TRACE} ${SPAN} 01`, ''],
  [`${'0'.repeat(100_000)}`, ''],
  ['', '']
] as const) {
  test(`traceparent ${JSON.stringify(value.slice(0, 80))} is ${expected === '' ? 'not read' : 'read'}`, () => {
    assert.equal(textOf(read(['tracecontext'], 'Traceparent', value)), expected)
  })
}

test('a client that does not record is told at a look, by the same rules', () => {
  const head = `00-${TRACE}-${SPAN}-`
  for (let flags = 0; flags < 256; flags++) {
    const value = head + flags.toString(16).padStart(2, '0')
    const { sampled } = read(['tracecontext'], 'traceparent', value)
    assert.equal(declines(['tracecontext', 'baggage'], 'traceparent', value), sampled === false, value)
  }
  const off = `${head}00`
  for (let at = 0; at < off.length; at++) {
    for (const other of ['x', 'A', '-', '0', 'f', ' ', '\u0130']) {
      const value = off.slice(0, at) + other + off.slice(at + 1)
      if (declines(['tracecontext'], 'traceparent', value)) {
        assert.equal(read(['tracecontext'], 'traceparent', value).sampled, false, value)
      }
    }
  }
  for (const value of [
    `00-${'0'.repeat(32)}-${SPAN}-00`,
    `00-${TRACE}-${'0'.repeat(16)}-00`,
    `${off},${off}`,
    `01${off.slice(2)}`,
    ''
  ])
    assert.equal(declines(['tracecontext'], 'traceparent', value), false, value)
  // another format may say otherwise
  assert.equal(declines(['tracecontext', 'b3'], 'traceparent', off), false)
  assert.equal(declines(['b3'], 'traceparent', off), false)
  assert.equal(declines(['tracecontext'], 'b3', '0'), false)
})

test('two fields `traceparent` are none, whatever they say', () => {
  const value = `00-${TRACE}-${SPAN}-01`
  assert.equal(textOf(read(['tracecontext'], 'traceparent', value, 'TraceParent', value)), '')
})

for (const [name, expected, ...values] of [
  ['one member', true, 'congo=t61rcWkgMzE'],
  ['a tenant', true, 'fw529a3039@dt=FfAAAA,1a-b_c*d/e@v=x'],
  ['spaces around members, empty ones', true, ' a=1 ,\t, b=2,,'],
  ['two fields', true, 'a=1', 'b=2'],
  ['32 members', true, Array.from({ length: 32 }, (_, i) => `k${i}=v`).join(',')],
  ['512 characters', true, `a=${'v'.repeat(255)},b=${'v'.repeat(251)}`],
  ['33 members', false, Array.from({ length: 33 }, (_, i) => `k${i}=v`).join(',')],
  ['33 members in two fields', false, Array.from({ length: 30 }, (_, i) => `k${i}=v`).join(','), 'x=1,y=2,z=3'],
  ['513 characters', false, `a=${'v'.repeat(255)},b=${'v'.repeat(254)}`],
  ['a value of 257', false, `a=${'v'.repeat(257)}`],
  ['a key of 257', false, `${'a'.repeat(257)}=v`],
  ['a key twice', false, 'a=1,a=2'],
  ['a key twice in two fields', false, 'a=1', 'a=2'],
  ['no value', false, 'a'],
  ['an empty value', false, 'a='],
  ['no key', false, '=1'],
  ['a key in capitals', false, 'Foo=1'],
  ['a space in a key', false, 'foo =1'],
  ['two equals signs', false, 'a=1=2'],
  ['two tenants', false, 'a@b@c=1'],
  ['a tenant without a system', false, 'a@=1'],
  ['a vendor with a digit in front', false, '1a=1'],
  ['a value beyond ASCII', false, 'a=\u00e9'],
  ['empty members alone', false, ' ,, ']
] as const) {
  test(`tracestate, ${name}: ${expected ? 'goes on' : 'is left out, the trace goes on'}`, () => {
    const raw = values.flatMap(value => ['tracestate', value])
    const found = read(['tracecontext'], 'traceparent', `00-${TRACE}-${SPAN}-01`, ...raw)
    assert.equal(textOf(found), `${KNOWN}yes`)
    assert.equal(found.state, expected ? values.join(',') : '')
  })
}

test('tracestate without a traceparent that can be read is left out', () => {
  assert.equal(read(['tracecontext'], 'tracestate', 'a=1').state, '')
  assert.equal(read(['tracecontext'], 'traceparent', '00-x', 'tracestate', 'a=1').state, '')
})

test('baggage of up to 8192 characters goes on', () => {
  assert.equal(read(['baggage'], 'Baggage', 'a'.repeat(8192)).baggage.length, 8192)
  assert.equal(read(['baggage'], 'Baggage', 'a'.repeat(8193)).baggage, '')
  assert.equal(read(['baggage'], 'Baggage', 'a=1', 'baggage', 'b=2').baggage, 'a=1,b=2')
})

const SHORT = `${'0'.repeat(16)}${SPAN} ${SPAN} `

for (const [value, expected] of [
  [`${TRACE}-${SPAN}`, KNOWN],
  [`${TRACE}-${SPAN}-1`, `${KNOWN}yes`],
  [`${TRACE}-${SPAN}-0`, `${KNOWN}no`],
  [`${TRACE}-${SPAN}-d`, `${KNOWN}yes`],
  [`${TRACE}-${SPAN}-1-05e3ac9a4f6e3b90`, `${KNOWN}yes`],
  [`${TRACE.toUpperCase()}-${SPAN.toUpperCase()}-1`, `${KNOWN}yes`],
  [`${SPAN}-${SPAN}-1`, `${SHORT}yes`],
  ['0', 'no'],
  ['1', 'yes'],
  ['d', 'yes'],
  ['2', ''],
  ['constructor', ''],
  [`${TRACE}-${SPAN}-2`, ''],
  [`${TRACE}`, ''],
  [`${TRACE}-${'0'.repeat(16)}-1`, ''],
  [`${'0'.repeat(32)}-${SPAN}-1`, ''],
  [`${TRACE}-${SPAN}-1-`, ''],
  [`${TRACE}-${SPAN}-1,${TRACE}-${SPAN}-1`, '']
] as const) {
  test(`b3 ${value} says ${expected === '' ? 'nothing' : expected}`, () => {
    assert.equal(textOf(read(['b3'], 'b3', value)), expected)
  })
}

for (const [fields, expected] of [
  [{ 'X-B3-TraceId': TRACE, 'X-B3-SpanId': SPAN }, KNOWN],
  [{ 'X-B3-TraceId': SPAN, 'X-B3-SpanId': SPAN, 'X-B3-Sampled': '0' }, `${SHORT}no`],
  [{ 'X-B3-TraceId': TRACE, 'X-B3-SpanId': SPAN, 'X-B3-Sampled': 'true' }, `${KNOWN}yes`],
  [{ 'X-B3-TraceId': TRACE, 'X-B3-SpanId': SPAN, 'X-B3-Sampled': 'constructor' }, KNOWN],
  [{ 'X-B3-TraceId': TRACE, 'X-B3-SpanId': SPAN, 'X-B3-Sampled': '0', 'X-B3-Flags': '1' }, `${KNOWN}yes`],
  [{ 'X-B3-Sampled': '0' }, 'no'],
  [{ 'X-B3-Flags': '1' }, 'yes'],
  [{ 'X-B3-TraceId': TRACE, 'X-B3-Sampled': '0' }, ''],
  [{ 'X-B3-TraceId': `${TRACE}0`, 'X-B3-SpanId': SPAN }, ''],
  [{ 'X-B3-TraceId': TRACE, 'X-B3-SpanId': '0'.repeat(16) }, '']
] as const) {
  test(`b3multi ${JSON.stringify(fields)} says ${expected === '' ? 'nothing' : expected}`, () => {
    assert.equal(textOf(read(['b3multi'], ...Object.entries(fields).flat())), expected)
  })
}

test('of several formats the last one that can be read counts; a decision alone leaves the span', () => {
  const w3c = ['traceparent', `00-${TRACE}-${SPAN}-01`, 'tracestate', 'a=1']
  const other = '1'.repeat(32)
  const found = read(['tracecontext', 'b3'], ...w3c, 'b3', `${other}-${SPAN}-0`)
  assert.equal(textOf(found), `${other} ${SPAN} no`)
  assert.equal(found.state, '')
  const same = read(['tracecontext', 'b3'], ...w3c, 'b3', `${TRACE}-${'2'.repeat(16)}-1`)
  assert.equal(textOf(same), `${TRACE} ${'2'.repeat(16)} yes`)
  assert.equal(same.state, 'a=1')
  assert.equal(textOf(read(['tracecontext', 'b3'], ...w3c, 'b3', '0')), `${KNOWN}no`)
  assert.equal(textOf(read(['tracecontext', 'b3'], ...w3c, 'b3', 'broken')), `${KNOWN}yes`)
})
