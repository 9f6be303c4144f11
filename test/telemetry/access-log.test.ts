import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessEntry, type AccessLogOptions, createAccessLog } from '../../src/telemetry/access-log.js'
import { outputTo } from '../../src/telemetry/log-output.js'
import { Collected } from './collect.js'

function entryOf(fields: Partial<AccessEntry>): AccessEntry {
  const base = { client: '127.0.0.1', method: 'GET', path: '/a', status: 200, durationMs: 1.95678 }
  return Object.assign(new AccessEntry(), base, fields)
}

async function written(
  entries: Partial<AccessEntry>[],
  options: Partial<AccessLogOptions> & { tty?: boolean } = {}
): Promise<string[]> {
  const out = new Collected()
  out.isTTY = options.tty === true
  const log = createAccessLog({ disabled: false, format: 'default', skipPaths: [], ...options, out })
  for (const entry of entries) log!.write(entryOf(entry))
  await outputTo(out).drained()
  return out.lines
}

test('does not exist when it is off', () => {
  assert.equal(createAccessLog({ disabled: true, format: 'json', skipPaths: [] }), undefined)
})

test('writes the line that users of KrakenD parse', async () => {
  const [line] = await written([{ status: 500, path: '/mergeallfail' }])
  assert.match(
    line!,
    /^\[SLUICE\] \d{4}\/\d\d\/\d\d - \d\d:\d\d:\d\d \| 500 \| {3}1\.95ms \| {7}127\.0\.0\.1 \| GET {6}"\/mergeallfail"$/
  )
})

for (const [durationMs, text] of [
  [0, '      0s'],
  [0.0005, '   500ns'],
  [0.699895, '699.895µs'],
  [12.345678, ' 12.34ms'],
  [1234.567, '   1.23s'],
  [61_999, '    1m0s'],
  [3_725_000, '  1h2m0s']
] as const) {
  test(`writes ${durationMs} ms as ${text.trim()}`, async () => {
    const [line] = await written([{ durationMs }])
    assert.ok(line!.includes(`| ${text} |`), line)
  })
}

test('quotes the decoded path and the raw query', async () => {
  const lines = await written([
    { path: '/a%20b', query: 'q=%22x&y' },
    { path: '/a%0A[SLUICE]%1b', query: '' },
    { path: '/bad%zz', query: '"\\' },
    { path: '/%C3%A9%F0%9F%98%80%C2%85%E2%80%A8', query: '' }
  ])
  const targets = lines.map(l => l.slice(l.indexOf('"')))
  assert.deepEqual(targets, ['"/a b?q=%22x&y"', '"/a\\n[SLUICE]\\x1b"', '"/bad%zz?\\"\\\\"', '"/é😀\\u0085\\u2028"'])
})

test('errors follow on lines of their own', async () => {
  const errors = ['first', 'second\nforged', ...Array.from({ length: 8 }, (_, i) => `${i + 3}`)]
  const lines = await written([{ errors }])
  assert.equal(lines[1], 'Error #01: first')
  assert.equal(lines[2], 'Error #02: second')
  assert.equal(lines[3], '\tforged')
  assert.equal(lines.at(-1), 'Error #10: 10')
})

test('colours the status on a terminal only', async () => {
  const lines = await written([{ status: 204 }, { status: 302 }, { status: 499 }, { status: 503 }], { tty: true })
  assert.deepEqual(
    lines.map(l => l.split(' | ')[1]),
    ['\x1b[32m204\x1b[0m', '\x1b[36m302\x1b[0m', '\x1b[33m499\x1b[0m', '\x1b[31m503\x1b[0m']
  )
})

test('skips whole decoded paths, whatever their query', async () => {
  const entries = [{ path: '/__health', query: 'x=1' }, { path: '/__health/' }, { path: '/a%62' }, { path: '/kept' }]
  const lines = await written(entries, { skipPaths: ['/__health', '/ab'] })
  assert.deepEqual(
    lines.map(l => l.slice(l.indexOf('"'))),
    ['"/__health/"', '"/kept"']
  )
})

test('the JSON form has every fact, and only those that are known', async () => {
  const [least, most] = await written(
    [
      { path: '/x"y' },
      {
        requestId: 'ab',
        route: '/x/{id}',
        query: 'a=1',
        status: 504,
        bytesIn: 3,
        bytesOut: 4,
        timeToFirstByteMs: 0.5,
        upstream: 'http://h:1',
        error: 'SLUICE_ERR_UPSTREAM_TIMEOUT',
        limit: 'timeout=2000ms',
        userAgent: 'cu"rl'
      }
    ],
    { format: 'json' }
  )
  const { time, ...rest } = JSON.parse(least!)
  assert.ok(!Number.isNaN(Date.parse(time)))
  assert.deepEqual(rest, {
    client: '127.0.0.1',
    method: 'GET',
    path: '/x"y',
    status: 200,
    bytes_in: 0,
    bytes_out: 0,
    duration_ms: 1.957
  })
  const { time: _, ...all } = JSON.parse(most!)
  assert.deepEqual(all, {
    request_id: 'ab',
    client: '127.0.0.1',
    method: 'GET',
    route: '/x/{id}',
    path: '/a',
    query: 'a=1',
    status: 504,
    bytes_in: 3,
    bytes_out: 4,
    duration_ms: 1.957,
    ttfb_ms: 0.5,
    upstream: 'http://h:1',
    error: 'SLUICE_ERR_UPSTREAM_TIMEOUT',
    limit: 'timeout=2000ms',
    user_agent: 'cu"rl'
  })
})

test('the JSON form names the worker that serves', async () => {
  const [line] = await written([{}], { format: 'json', worker: 3 })
  assert.equal(JSON.parse(line!).worker, 3)
  const [plain] = await written([{}], { worker: 3 })
  assert.match(plain!, /"\/a"$/)
})
