/**
 * What does it cost to send JSON on, against JSON.parse and JSON.stringify? One process, medians of interleaved rounds.
 *
 *     node --import tsx bench/json-scan.ts
 */

import { cpus } from 'node:os'
import { readJsonObject } from '../src/encoding/json/decode.js'
import { mergeObjects } from '../src/encoding/json/merge.js'
import { toValue } from '../src/encoding/json/values.js'
import { compileShape, type ShapeConfig } from '../src/encoding/shape/shape.js'
import { parseJsonValue, stringifyJsonValue } from '../src/message/json/exact-json.js'
import type { ObjectNode } from '../src/message/json/node.js'
import { renderJson } from '../src/message/json/render.js'
import { runWhole } from '../src/message/slices.js'

// @ts-expect-error JavaScript without declarations
const { readSimple } = await import('./peers/options.mjs')

const ROUNDS: number = readSimple(
  { rounds: { as: 'count', default: '25', text: 'rounds of each case' } },
  'bench/json-scan.ts: what shaping JSON text costs beside JSON.parse and JSON.stringify.'
).rounds

const parseJsonObject = (bytes: Buffer): ObjectNode | null => runWhole(readJsonObject(bytes))

function document(items: number): object {
  const users = Array.from({ length: items }, (_, i) => ({
    id: 1000 + i,
    name: `User Number ${i}`,
    email: `user${i}@example.com`,
    active: i % 3 === 0,
    score: i * 1.25,
    tags: ['alpha', 'beta', 'gamma'],
    address: { street: `${i} Main Street`, city: 'Springfield', geo: { lat: 40.123 + i, lng: -70.5 } },
    bio: 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor.',
    manager: null
  }))
  return {
    page: 1,
    total: items,
    next: '/users?page=2',
    items: users,
    meta: { took: 12, cached: false },
    version: '1.0',
    debug: { a: [1, 2, 3] }
  }
}

const shapeOf = (part: Partial<ShapeConfig>) =>
  compileShape({
    target: '',
    allow: [],
    deny: [],
    mapping: [],
    group: '',
    proxy: { shadow: false, shadowTimeoutMs: 0, flatmapFilter: [] },
    ...part
  })!

interface Case {
  readonly name: string
  readonly target: number
  readonly ours: () => unknown
  readonly naive: () => unknown
}

function cases(bytes: Buffer): Case[] {
  const group = shapeOf({ group: 'g' })
  const keys = ['page', 'total', 'next', 'items', 'meta']
  const allow = shapeOf({ allow: keys })
  const allowSmall = shapeOf({ allow: ['page', 'total'] })
  const deny = shapeOf({ deny: ['debug.a', 'version'] })
  const parse = (): Record<string, unknown> => JSON.parse(bytes.toString())
  const write = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
  const shaped = (shape: ReturnType<typeof shapeOf>) => () => renderJson(runWhole(shape(parseJsonObject(bytes))))
  const picked = (wanted: readonly string[]) => () => {
    const value = parse()
    return write(Object.fromEntries(wanted.map(key => [key, value[key]])))
  }
  const odd = Buffer.from(bytes.toString().replaceAll('"score":', '"price":1.10,"score":'))
  return [
    { name: 'validate and send on', target: 0.35, ours: () => renderJson(parseJsonObject(bytes)), naive: () => write(parse()) },
    { name: 'under a group', target: 0.35, ours: shaped(group), naive: () => write({ g: parse() }) },
    { name: 'allow 5 keys', target: 0.4, ours: shaped(allow), naive: picked(keys) },
    { name: 'allow 2 keys, the big one dropped', target: 0.6, ours: shaped(allowSmall), naive: picked(['page', 'total']) },
    { name: 'deny 2 paths', target: 0.6, ours: shaped(deny), naive: () => write({ ...parse(), debug: {}, version: undefined }) },
    { name: 'as a JS value', target: 1.5, ours: () => toValue(parseJsonObject(bytes)!), naive: parse },
    {
      name: 'JS value and back',
      target: 1.3,
      ours: () => Buffer.from(stringifyJsonValue(parseJsonValue(bytes.toString()))),
      naive: () => write(parse())
    },
    {
      name: 'JS value and back, odd numbers',
      target: 3,
      ours: () => Buffer.from(stringifyJsonValue(parseJsonValue(odd.toString()))),
      naive: () => write(JSON.parse(odd.toString()))
    }
  ]
}

const SMALL = [
  '{"id":7,"name":"Ann","team":"t7","active":true}',
  '{"posts":[1,2,3],"total":3}',
  '{"rate":1.5,"limit":100,"owner":{"id":1}}'
]
const smallBytes = SMALL.map(text => Buffer.from(text))
const merge: Case = {
  name: 'merge of three small',
  target: 0.8,
  ours: () => renderJson(runWhole(mergeObjects(smallBytes.map(parseJsonObject)))),
  naive: () => Buffer.from(JSON.stringify(Object.assign({}, ...smallBytes.map(b => JSON.parse(b.toString())))))
}

function measure(run: () => unknown, times: number): number {
  const begin = process.hrtime.bigint()
  for (let i = 0; i < times; i++) run()
  return Number(process.hrtime.bigint() - begin) / times / 1000
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!

console.log(`node ${process.version}, ${cpus()[0]?.model}, medians of ${ROUNDS} rounds, µs`)
for (const [label, list, times] of [
  [
    'small',
    [
      merge,
      ...cases(Buffer.from('{"page":1,"total":2,"next":null,"items":[{"id":1,"name":"a"}],"meta":{"took":12},"version":"1.0"}'))
    ],
    4000
  ],
  ['16 KB', cases(Buffer.from(JSON.stringify(document(48)))), 120],
  ['1 MiB', cases(Buffer.from(JSON.stringify(document(3200)))), 3]
] as const) {
  for (const { name, target, ours, naive } of list) {
    const mine: number[] = []
    const theirs: number[] = []
    measure(ours, times * 4)
    measure(naive, times * 4)
    for (let round = 0; round < ROUNDS; round++) {
      mine.push(measure(ours, times))
      theirs.push(measure(naive, times))
    }
    const [a, b] = [median(mine), median(theirs)]
    console.log(
      `${label.padEnd(6)} ${name.padEnd(34)} ${a.toFixed(2).padStart(9)} ${b.toFixed(2).padStart(9)}  ${(a / b).toFixed(3)} (target ${target})`
    )
  }
}
