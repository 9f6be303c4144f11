/**
 * How long do others wait while one large body is worked on? Each decoder, shaper and renderer with 10 MiB, each in a process of its own.
 *
 *     npm run build && node bench/event-loop.mjs [--only REGEX] [--mib 10] [--write | --out FILE]
 *
 * A callback that asks for its next turn again and again stands for the others; its longest wait counts. Memory is the peak of the
 * process above what it had with the body in it.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { decoderFor } from '../dist/encoding/decoders.js'
import { mergeObjects } from '../dist/encoding/json/merge.js'
import { rendererFor } from '../dist/encoding/renderers.js'
import { compileShape } from '../dist/encoding/shape/shape.js'
import { BufferSource } from '../dist/message/byte-flow.js'
import { FilterLink } from '../dist/message/links.js'
import { runSliced } from '../dist/message/slices.js'
import { TokenPipe } from '../dist/message/token-pipe.js'
import { validateInThread } from '../dist/plugins/validation/json-schema/thread-pool.js'
import { readSimple, reportPlace } from './peers/options.mjs'

const options = readSimple(
  {
    only: { as: 'text', default: '', text: 'a regular expression: steps whose names fit; all by default' },
    mib: { as: 'number', default: '10', text: 'size of the bodies' },
    run: { as: 'text', default: '', text: 'the number of one step, in this process' },
    out: { as: 'text', default: '', text: 'a file for the report, in place of bench/EVENT-LOOP.md' }
  },
  'node bench/event-loop.mjs: how long others wait while one large body is worked on. A report needs all steps.',
  { report: true }
)
const place = reportPlace(options, fileURLToPath(new URL('EVENT-LOOP.md', import.meta.url)))
/** Load of the machine before the first step. */
const LOAD = loadavg()[0]
const SIZE = options.mib * 1024 * 1024

/** Bodies that are expensive in different ways, as large as asked for. */
const BODIES = {
  rows: () => list(i => `{"b":${i % 10},"x":"v"}`),
  numbers: () => list(() => '1'),
  fields: () => wrapped('{', i => `"k${i.toString(36)}":1`, '}'),
  objects: () => wrapped('{', i => `"k${i.toString(36)}":{"b":1,"c":"x"}`, '}'),
  string: () => Buffer.from(`{"content":"${'a\\n\\u00e9'.repeat(SIZE / 9)}"}`),
  nested: () => Buffer.from(`{"content":${'{"a":[{"b":1}],"c":'.repeat(900)}${list(i => `${i}`)}${'}'.repeat(900)}}`),
  text: () => Buffer.from('line "of" text é\n'.repeat(SIZE / 18)),
  xml: () => Buffer.from(`<r>${'<a b="1">t</a>'.repeat(SIZE / 14)}</r>`),
  attribute: () => Buffer.from(`<r a="${'x'.repeat(SIZE)}`),
  feed: () =>
    Buffer.from(
      `<rss version="2.0"><channel><title>t</title>${'<item><title>t</title><link>http://a/</link></item>'.repeat(SIZE / 51)}</channel></rss>`
    )
}

const list = make => wrapped('{"a":[', make, ']}')

function wrapped(open, make, close) {
  const parts = []
  let size = 0
  for (let i = 0; size < SIZE; i++) {
    const part = make(i)
    parts.push(part)
    size += part.length + 1
  }
  return Buffer.from(`${open}${parts.join()}${close}`)
}

const NO_SHAPE = { target: '', allow: [], deny: [], mapping: [], group: '', proxy: { flatmapFilter: [] } }
const shape = part => compileShape({ ...NO_SHAPE, ...part })
const flat = (type, ...args) => shape({ proxy: { flatmapFilter: [{ type, args }] } })
const json = bytes => decoderFor('json')(bytes, { contentType: '', isCollection: false })

/** Steps: name, body, and a function that gets the body ready and returns the work. */
const STEPS = [
  ...['rows', 'numbers', 'fields', 'string'].map(body => decoding('json', body)),
  ...['rows', 'string'].map(body => decoding('safejson', body)),
  { ...decoding('json', 'rows', true), name: 'json, is_collection', bytes: () => BODIES.rows().subarray(5, -1) },
  decoding('string', 'text'),
  decoding('xml', 'xml'),
  decoding('xml', 'attribute'),
  decoding('rss', 'feed'),
  ...['rows', 'numbers', 'objects'].map(body =>
    shaping(
      `flatmap move ${body === 'objects' ? '*.b' : 'a.*.b'}`,
      body,
      flat('move', body === 'objects' ? '*.b' : 'a.*.b', body === 'objects' ? '*.d' : 'c.*.d')
    )
  ),
  shaping('flatmap move a.*.b → b', 'rows', flat('move', 'a.*.b', 'b')),
  shaping('flatmap move a.*.b → a.*.n.b', 'rows', flat('move', 'a.*.b', 'a.*.n.b')),
  shaping('flatmap append a.*.b → a', 'rows', flat('append', 'a.*.b', 'a')),
  shaping('flatmap del a.*.*', 'numbers', flat('del', 'a.*.*')),
  shaping('allow', 'fields', shape({ allow: ['k1', 'k2.b'] })),
  shaping('deny', 'fields', shape({ deny: ['k1', 'k2.b'] })),
  shaping('mapping', 'fields', shape({ mapping: [['k1', 'x']] })),
  shaping('target', 'nested', shape({ target: 'content.c.c' })),
  shaping('group', 'fields', shape({ group: 'g' })),
  {
    kind: 'shaper',
    name: 'merge of two',
    body: 'fields',
    prepare: async bytes => {
      const parts = [await json(bytes.subarray()), await json(Buffer.from('{"z":1}'))]
      return () => runSliced(mergeObjects(parts))
    }
  },
  ...['rows', 'fields', 'objects', 'nested', 'string'].flatMap(body => ['xml', 'yaml'].map(name => rendering(name, body))),
  rendering('json', 'fields', true),
  rendering('json-collection', 'rows'),
  rendering('string', 'string'),
  rendering('negotiate', 'rows'),
  ...['rows', 'numbers'].map(body => ({
    kind: 'plugin',
    name: 'token stage',
    body,
    prepare: async bytes => () =>
      new Promise((resolve, reject) => {
        const pipe = new TokenPipe([{ token: (token, push) => push(token) }])
        new FilterLink(pipe).connect(new BufferSource(bytes)).flow({ write: () => true, end: resolve, fail: reject })
      })
  })),
  ...['rows', 'numbers'].map(body => ({
    kind: 'plugin',
    name: 'validation/json-schema',
    body,
    prepare: async bytes => {
      const items = { type: ['object', 'number'], required: ['b'], properties: { b: { multipleOf: 0.1 } } }
      const source = { schema: JSON.stringify({ properties: { a: { uniqueItems: false, items } } }), files: new Map() }
      return () => validateInThread(source, bytes, new AbortController().signal)
    }
  }))
]

function decoding(name, body, isCollection = false) {
  const decode = decoderFor(name)
  return { kind: 'decoder', name, body, prepare: bytes => () => decode(bytes, { contentType: '', isCollection }) }
}

function shaping(name, body, work) {
  return {
    kind: 'shaper',
    name,
    body,
    prepare: async bytes => {
      const data = await json(bytes)
      return () => runSliced(work(data))
    }
  }
}

/** @param opened the root was shaped before, so that it must be written anew. */
function rendering(name, body, opened = false) {
  const render = rendererFor(name)
  return {
    kind: 'renderer',
    name,
    body,
    prepare: async bytes => {
      let data = await json(bytes)
      if (opened) data = await runSliced(shape({ mapping: [['k1', 'x']] })(data))
      return () => render(data, '')
    }
  }
}

/** CPU time of the main thread, ms; that of the process where the system does not tell. */
const SCHEDULED = `/proc/self/task/${process.pid}/schedstat`
const cpuTime = existsSync(SCHEDULED)
  ? () => Number(readFileSync(SCHEDULED, 'utf8').split(' ')[0]) / 1e6
  : () => (process.cpuUsage().user + process.cpuUsage().system) / 1000

async function measure(step) {
  const bytes = (step.bytes ?? BODIES[step.body])()
  const work = await step.prepare(bytes)
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  let longest = 0
  let peak = before
  let last = performance.now()
  let lastCpu = cpuTime()
  let longestCpu = 0
  let over = false
  const others = () => {
    const now = performance.now()
    const used = cpuTime()
    longestCpu = Math.max(longestCpu, used - lastCpu)
    lastCpu = used
    longest = Math.max(longest, now - last)
    last = now
    peak = Math.max(peak, process.memoryUsage.rss())
    if (!over) setImmediate(others)
  }
  setImmediate(others)
  const begin = performance.now()
  let failed = ''
  try {
    await work()
  } catch (error) {
    failed = error.message
  }
  const total = performance.now() - begin
  over = true
  await new Promise(resolve => setImmediate(resolve))
  return { longest, longestCpu, total, peak: peak - before, size: bytes.length, failed }
}

if (options.run !== '') {
  process.stdout.write(JSON.stringify(await measure(STEPS[Number(options.run)])))
} else {
  const rows = []
  for (const [index, step] of STEPS.entries()) {
    if (!new RegExp(options.only).test(`${step.kind} ${step.name} ${step.body}`)) continue
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--expose-gc', fileURLToPath(import.meta.url), '--run', String(index), '--mib', String(options.mib)],
      { encoding: 'utf8', timeout: 30_000 }
    )
    if (stdout === '') {
      rows.push(`| ${step.kind} | ${step.name} | ${step.body} | failed: ${stderr.trim().split('\n').at(-1) ?? ''} | | | |`)
    } else {
      const { longest, longestCpu, total, peak, size, failed } = JSON.parse(stdout)
      const memory = (peak / size).toFixed(1)
      const note = failed === '' ? '' : ' (refused)'
      rows.push(
        `| ${step.kind} | ${step.name} | ${step.body}${note} | ${longest.toFixed(0)} | ${longestCpu.toFixed(0)} | ${total.toFixed(0)} | ${memory} |`
      )
    }
    process.stdout.write(`${rows.at(-1)}\n`)
  }
  if (options.only === '' && place !== '') {
    writeFileSync(
      place,
      [
        `# The longest wait of others, ${options.mib} MiB`,
        '',
        `Written by \`node bench/event-loop.mjs\`. Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, load ${LOAD.toFixed(1)} before it began.`,
        '',
        'Where the load is more than the number of processors, others took most of each wait, and CPU is what counts.',
        '',
        'Wait: how long the event loop served no other at most, ms. CPU: the most that the main thread used between two turns, ms; that is what the',
        'wait is on a machine without other work. Whole: until the result was there, ms. Memory: peak above the body, as a multiple of it.',
        '',
        '| | step | body | wait | CPU | whole | memory |',
        '| --- | --- | --- | --: | --: | --: | --: |',
        ...rows,
        ''
      ].join('\n')
    )
  }
}
