// What `validation/json-schema` costs from the bytes of a body to its verdict: by the function that is generated for the schema, by the
// checks over the decoded value, which also list faults, and JSON.parse alone. With ajv where `bench/peers` is installed.
// Run: node --conditions=sluice-source --import tsx bench/schema.mjs
import { createRequire } from 'node:module'
import os from 'node:os'
import { compileSchema } from '../plugins/validation/json-schema/schema.js'
import { parseJsonValue } from '../src/message/json/exact-json.js'
import { validateShortJson } from '../src/message/json/validate.js'
import { readSimple } from './peers/options.mjs'

const { rounds: ROUNDS } = readSimple(
  { rounds: { as: 'count', default: '41', text: 'rounds of each body' } },
  'bench/schema.mjs: µs from the bytes of a body to its verdict in validation/json-schema.'
)
const text = (pattern, more = {}) => ({ type: 'string', pattern, ...more })
const SCHEMA = {
  type: 'object',
  required: ['id', 'customer', 'lines', 'currency'],
  additionalProperties: false,
  properties: {
    id: text('^ORD-[0-9]{6}$'),
    created: text('^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$'),
    currency: { enum: ['EUR', 'USD', 'CHF'] },
    customer: { $ref: '#/$defs/customer' },
    lines: { type: 'array', minItems: 1, maxItems: 500, items: { $ref: '#/$defs/line' } },
    payment: {
      oneOf: [
        { type: 'object', required: ['card'], properties: { kind: { const: 'card' }, card: { type: 'string', minLength: 12 } } },
        { type: 'object', required: ['iban'], properties: { kind: { const: 'sepa' }, iban: { type: 'string', maxLength: 34 } } }
      ]
    },
    tags: { type: 'array', uniqueItems: true, items: { type: 'string', maxLength: 30 } }
  },
  $defs: {
    customer: {
      type: 'object',
      required: ['name', 'email'],
      additionalProperties: false,
      properties: {
        name: { type: 'string', minLength: 1, maxLength: 100 },
        email: text('^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$'),
        age: { type: 'integer', minimum: 0, maximum: 150 }
      }
    },
    line: {
      type: 'object',
      required: ['sku', 'count', 'price'],
      additionalProperties: false,
      properties: {
        sku: text('^[A-Z]{2}-\\d+$'),
        count: { type: 'integer', minimum: 1, maximum: 1000 },
        price: { type: 'number', minimum: 0, exclusiveMaximum: 100000 },
        title: { type: 'string', maxLength: 200 },
        discount: { anyOf: [{ type: 'number', minimum: 0, maximum: 1 }, { enum: ['none', 'staff'] }] }
      }
    }
  }
}
const line = i => ({
  sku: `AB-${1000 + i}`,
  count: 1 + (i % 7),
  price: (((i * 37) % 500) + 99) / 4,
  title: `A thing of steel and wood, number ${i}`,
  ...(i % 3 === 0 && { discount: i % 2 === 0 ? 'none' : 0.25 })
})
const order = (lines, last = {}) =>
  Buffer.from(
    JSON.stringify({
      id: 'ORD-123456',
      created: '2026-11-21T05:00:00Z',
      currency: 'EUR',
      customer: { name: 'Ada Lovelace', email: 'ada@example.com', age: 36 },
      payment: { kind: 'card', card: '4111111111111111' },
      tags: ['new', 'web'],
      lines: [...Array.from({ length: lines }, (_, i) => line(i)), { ...line(0), ...last }]
    })
  )

const { byteTest, validate } = await compileSchema(SCHEMA)
const columns = {
  'generated function': bytes => {
    validateShortJson(bytes)
    return byteTest(bytes) === 'fits'
  },
  checks: bytes => validate(parseJsonValue(bytes.toString())) === undefined,
  'JSON.parse alone': bytes => JSON.parse(bytes.toString()) !== undefined,
  ...ajvColumn()
}

function ajvColumn() {
  try {
    const { default: Ajv } = createRequire(new URL('./peers/package.json', import.meta.url))('ajv/dist/2020.js')
    const fits = new Ajv({ strict: false }).compile(SCHEMA)
    return { 'JSON.parse and ajv': bytes => fits(JSON.parse(bytes.toString())) }
  } catch {
    return {}
  }
}

function measure(column, bytes) {
  const times = Math.ceil(1_000_000 / bytes.length)
  const start = process.hrtime.bigint()
  for (let i = 0; i < times; i++) column(bytes)
  return Number(process.hrtime.bigint() - start) / times / 1000
}

console.log(`node ${process.version}, ${os.cpus()[0].model}; µs per body, median of ${ROUNDS} rounds in turn (least)\n`)
console.log(`| body | ${Object.keys(columns).join(' | ')} |\n|---|${'--:|'.repeat(Object.keys(columns).length)}`)
const bodies = {
  '1 KB, fits': order(6),
  '16 KB, fits': order(158),
  '16 KB, the last line does not fit': order(158, { count: 0 })
}
for (const [name, bytes] of Object.entries(bodies)) {
  const found = Object.values(columns).map(() => [])
  for (let round = 0; round < ROUNDS + 3; round++) {
    for (const [i, column] of Object.values(columns).entries()) found[i].push(measure(column, bytes))
  }
  // the first rounds warm up
  const cells = found
    .map(all => all.slice(3).sort((a, b) => a - b))
    .map(all => `${all[all.length >> 1].toFixed(1)} (${all[0].toFixed(1)})`)
  console.log(`| ${name} | ${cells.join(' | ')} |`)
}
