import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SaxesParser } from 'saxes'
// @ts-expect-error JavaScript without declarations
import { apart, picture, ticks } from '../../../bench/chain/picture.mjs'
// @ts-expect-error JavaScript without declarations
import { chart, results } from '../../../bench/chain/report.mjs'

test('marks of an axis begin at zero, are round and reach the greatest value', () => {
  assert.deepEqual(ticks(2050), [0, 500, 1000, 1500, 2000, 2500])
  assert.deepEqual(ticks(100), [0, 20, 40, 60, 80, 100])
  assert.deepEqual(
    ticks(0.7),
    [0, 1, 2, 3, 4].map(at => at * 0.2)
  )
  for (const most of [1, 3, 9.9, 10, 11, 26, 51, 99, 101, 999, 123_456]) {
    const marks: number[] = ticks(most)
    assert.ok(marks.at(-1)! >= most && marks.at(-2)! < most, `${most}: ${marks}`)
    assert.ok(marks.length >= 3 && marks.length <= 6, `${most}: ${marks}`)
  }
})

test('labels that would cover each other move up, in their order', () => {
  assert.deepEqual(apart([100, 50], 20, 200), [100, 50])
  assert.deepEqual(apart([100, 101, 102], 20, 200), [62, 82, 102])
  assert.deepEqual(apart([210, 205], 20, 200), [200, 180])
})

const series = [
  {
    name: 'naive',
    label: 'naive',
    points: [
      [1, 100],
      [2, 200],
      [4, 400]
    ]
  },
  {
    name: 'chain',
    label: 'chain',
    points: [
      [1, 100],
      [2, 100],
      [4, 100]
    ]
  }
]
const words = { title: 'Title & more <1>', upwards: 'µs', across: 'plugins', about: 'in words' }

interface Found {
  readonly tags: Set<string>
  readonly texts: string[]
  readonly paths: string[]
}

/** Reads the picture as XML: it throws when it is not well-formed. */
function read(svg: string): Found {
  const found: Found = { tags: new Set(), texts: [], paths: [] }
  const parser = new SaxesParser()
  parser.on('error', error => {
    throw error
  })
  parser.on('opentag', tag => {
    found.tags.add(tag.name)
    if (tag.name === 'path' && String(tag.attributes.class).endsWith(' line')) found.paths.push(String(tag.attributes.d))
  })
  parser.on('text', text => void (text.trim() !== '' && found.texts.push(text.trim())))
  parser.write(svg).close()
  return found
}

const pointsOf = (path: string): number[][] =>
  path
    .slice(1)
    .split('L')
    .map(pair => pair.split(' ').map(Number))

test('lines stand on linear axes that begin at zero', () => {
  const { paths } = read(picture({ ...words, series }))
  const [naive, chain] = paths.map(pointsOf)
  const [one, two, four] = naive as [number[], number[], number[]]
  assert.equal(Math.round(four[0]! - two[0]!), Math.round(2 * (two[0]! - one[0]!)))
  assert.equal(Math.round(two[1]! - four[1]!), Math.round(2 * (one[1]! - two[1]!)))
  // as far from one plugin to none as from two to one, and from 100 µs to 0 as from 200 to 100
  const origin = [2 * one[0]! - two[0]!, 2 * one[1]! - two[1]!]
  const axis = /<path class="grid" d="M(\S+) (\S+)H/.exec(picture({ ...words, series }))!
  assert.deepEqual(origin.map(Math.round), [Math.round(Number(axis[1])), Math.round(Number(axis[2]))])
  assert.equal(new Set(chain!.map(point => point[1])).size, 1)
})

test('the picture has words for readers, labels at its lines, and both themes', () => {
  const svg = picture({ ...words, series })
  const { tags, texts } = read(svg)
  for (const tag of ['title', 'desc', 'style']) assert.ok(tags.has(tag), tag)
  for (const text of ['Title & more <1>', 'µs', 'plugins', 'in words', 'naive 400 µs', 'chain 100 µs', '0', '1', '2', '4'])
    assert.ok(texts.includes(text), text)
  assert.match(svg, /prefers-color-scheme:dark/)
  assert.match(svg, /viewBox="0 0 /)
})

const measured = (name: string, ...cpu: number[]) => ({
  name,
  rounds: cpu.map(each => ({ cpu: each, rate: 1000 })),
  rssMiB: 100,
  startMs: 1,
  discarded: 0,
  disturbed: 0
})
const served = (kind: string, size: string, count: number, naive: number) => ({
  kind,
  size,
  count,
  measured: [
    measured('none', 40, 40),
    measured('chain', 200, 202),
    measured('combined', 200, 200),
    measured('naive', naive, naive)
  ]
})

test('the chart draws the served run of JSON at 16 KB, and nothing else', () => {
  const { texts, paths } = read(
    chart([
      served('json', '16k', 8, 1000),
      served('token', '16k', 16, 9999),
      served('json', '150', 16, 8888),
      served('json', '16k', 1, 150)
    ])
  )
  assert.equal(paths.length, 4)
  for (const text of ['naive 1,000 µs', 'combined 200 µs', 'chain 201 µs', 'no plugin 40 µs'])
    assert.ok(texts.includes(text), text)
  assert.ok(texts.some(text => text.includes('1, 8 plugins. naive: 150, 1,000 µs')))
  assert.ok(!texts.some(text => text.includes('9,999') || text.includes('8,888')))
})

test('the report has the served cases with their ratios', () => {
  const options = { rounds: 2, seconds: 1, warmup: 1, passing: 2 }
  const text = results([], [served('json', '16k', 8, 1000)], [], options)
  assert.match(text, /\| json \| 16k \| 8 \| 40\.0 \| 201 \| 200 \| 1,000 \|/)
  assert.match(text, /\| naive\/chain \| json \| 16k \| 8 \| 4\.9\d \|/)
})
