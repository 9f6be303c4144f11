import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTraces } from '../../../../plugins/_shared/otlp/read-spans.js'
import { opentelemetry } from '../../../support/otlp-receiver.js'

const request = opentelemetry.proto.collector.trace!.v1.ExportTraceServiceRequest!

test('reads what the official definitions write', () => {
  const values = [
    ['text', { stringValue: 'ä' }],
    ['whole', { intValue: 7 }],
    ['negative', { intValue: -1 }],
    ['broken', { doubleValue: 0.5 }],
    ['yes', { boolValue: true }],
    ['list', { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } }]
  ] as const
  const attributes = values.map(([key, value]) => ({ key, value }))
  const span = {
    traceId: Buffer.alloc(16, 1),
    spanId: Buffer.alloc(8, 2),
    parentSpanId: Buffer.alloc(8, 3),
    name: 'a',
    kind: 3,
    flags: 0x101,
    startTimeUnixNano: 1_700_000_000_000_000_000,
    endTimeUnixNano: 1_700_000_000_000_005_000,
    attributes,
    events: [{ timeUnixNano: 1_700_000_000_000_001_000, name: 'e', attributes: attributes.slice(0, 1) }],
    status: { code: 2, message: 'no' }
  }
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 's' } }] }
  const bytes = request
    .encode({
      resourceSpans: [
        { resource, scopeSpans: [{ scope: { name: 'x' }, spans: [span, { ...span, parentSpanId: undefined, status: {} }] }] }
      ]
    })
    .finish()
  const { resource: of, spans } = readTraces(Buffer.from(bytes))
  assert.deepEqual(of, [{ name: 'service.name', value: 's', isInteger: false }])
  const [one, root] = spans
  assert.deepEqual(
    one!.attributes.map(({ value, isInteger }) => [value, isInteger]),
    [
      ['ä', false],
      [7, true],
      [-1, true],
      [0.5, false],
      [true, false],
      [['a', 'b'], false]
    ]
  )
  assert.deepEqual([one!.traceId.toString('hex'), one!.parentId!.toString('hex')], ['01'.repeat(16), '03'.repeat(8)])
  assert.deepEqual([one!.name, one!.kind, one!.failed, one!.message, one!.end - one!.start], ['a', 3, true, 'no', 5])
  assert.deepEqual([one!.start, one!.events[0]!.at, one!.events[0]!.name], [1_700_000_000_000_000, 1_700_000_000_000_001, 'e'])
  assert.deepEqual([root!.parentId, root!.failed, root!.message], [undefined, false, ''])
})
