import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Json } from '../../src/config/types.js'
import { ConfigError } from '../../src/errors.js'
import { type CreateLoggerOptions, createLogger } from '../../src/telemetry/create-logger.js'
import { silentLogger } from '../../src/telemetry/logger.js'
import { Collected } from './collect.js'

async function logged(config: Json | undefined, options: CreateLoggerOptions & { tty?: boolean } = {}): Promise<string[]> {
  const out = new Collected()
  out.isTTY = options.tty === true
  const { logger, startLines } = createLogger(config, { ...options, out })
  for (const line of startLines) logger[line.level](line.text)
  logger.debug('d', 1, { a: 1 })
  logger.info('i')
  logger.warning('w')
  logger.error('e', new Error('outer', { cause: new Error('inner') }))
  logger.critical('c')
  logger.fatal('f')
  await logger.close()
  return out.lines
}

test('without the component everything goes to one plain line with the second', async () => {
  const lines = await logged(undefined)
  const time = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d SLUICE /
  for (const line of lines) assert.match(line, time)
  assert.deepEqual(
    lines.map(l => l.replace(time, '')),
    ['DEBUG: d 1 {"a":1}', 'INFO: i', 'WARNING: w', 'ERROR: e outer: inner', 'CRITICAL: c', 'FATAL: f']
  )
})

test('the component writes prefix, milliseconds and level, from its level on', async () => {
  const lines = await logged({ level: 'warning', prefix: '[GATE]', stdout: true })
  const time = /^\[GATE\] \d{4}\/\d\d\/\d\d - \d\d:\d\d:\d\d\.\d{3} ▶ /
  for (const line of lines) assert.match(line, time)
  assert.deepEqual(
    lines.map(l => l.replace(time, '')),
    ['WARNING w', 'ERROR e outer: inner', 'CRITICAL c', 'CRITICAL f']
  )
})

test('says that it started, and has a prefix of its own', async () => {
  const lines = await logged({ level: 'DEBUG', stdout: true })
  assert.match(lines[0]!, /^SLUICE .* ▶ DEBUG \[SERVICE: telemetry\/logging\] Improved logging started\.$/)
  const [first] = await logged({ level: 'DEBUG', stdout: true, prefix: '' })
  assert.match(first!, /^ \d{4}/)
})

test('colours only a terminal', async () => {
  const config = { level: 'INFO', stdout: true, prefix: 'P' }
  const plain = (await logged(config)).join('\n')
  assert.ok(!plain.includes('\x1b'))
  const coloured = await logged(config, { tty: true })
  assert.ok(coloured[0]!.includes('▶ INFO\x1b[0m i'))
  assert.ok(coloured[1]!.includes('\x1b[33m▶ WARNING\x1b[0m w'))
})

test('logs nothing when neither destination is on, and knows it', async () => {
  const out = new Collected()
  const { logger } = createLogger({ level: 'DEBUG' }, { out })
  logger.critical('x')
  assert.equal(logger.enabled('CRITICAL'), false)
  await logger.close()
  assert.equal(out.text, '')
})

test('tells which levels are on', () => {
  const { logger } = createLogger({ level: 'Notice', stdout: true }, { out: new Collected() })
  assert.deepEqual(
    (['DEBUG', 'INFO', 'NOTICE', 'WARNING', 'FATAL'] as const).map(l => logger.enabled(l)),
    [false, false, true, true, true]
  )
  assert.equal(silentLogger.enabled('FATAL'), false)
})

test('logstash lines are JSON, whatever the message holds', async () => {
  const out = new Collected()
  const { logger } = createLogger({ level: 'INFO', stdout: true, format: 'logstash' }, { out })
  logger.info('quote " newline \n end')
  logger.fatal('over')
  await logger.close()
  const [first, second] = out.lines.map(l => JSON.parse(l))
  assert.equal(first.message, 'quote " newline \n end')
  assert.equal(first.level, 'INFO')
  assert.equal(first['@version'], 1)
  assert.equal(first.module, 'SLUICE')
  assert.match(first['@timestamp'], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/)
  assert.ok(Math.abs(Date.parse(first['@timestamp']) - Date.now()) < 60_000)
  assert.equal(second.level, 'CRITICAL')
})

test('the offset of a timestamp is that of the time zone', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const clock = JSON.stringify(new URL('../../src/telemetry/clock.ts', import.meta.url).href)
  const script = `import { isoTime, plainTime } from ${clock}; console.log(isoTime(1795226957005), isoTime(1795226957045), plainTime(1795226957550), isoTime(1795226958050))`
  const run = (zone: string) =>
    spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      encoding: 'utf8',
      cwd: root,
      env: { ...process.env, TZ: zone }
    }).stdout.trim()
  const utc = run('UTC').split(' ')
  assert.equal(Date.parse(utc[0]!), 1795226957005)
  assert.match(utc[0]!, /\.005\+00:00$/)
  assert.match(utc[1]!, /\.045\+00:00$/)
  assert.equal(Date.parse(utc[4]!), 1795226958050)
  for (const [zone, offset] of [
    ['Asia/Kolkata', '+05:30'],
    ['America/St_Johns', '-03:30']
  ] as const) {
    const text = run(zone).split(' ')[0]!
    assert.ok(text.endsWith(offset), text)
    assert.equal(Date.parse(text), 1795226957005)
  }
})

test('a text from outside cannot forge a line or steer the terminal', async () => {
  const out = new Collected()
  const { logger } = createLogger(undefined, { out })
  logger.info('path\n2026/11/21 02:10:22 SLUICE INFO: forged\x1b[2J\r')
  await logger.close()
  assert.equal(out.lines.length, 2)
  assert.match(out.lines[1]!, /^\t2026.*forged\\u001b\[2J\\r$/)
})

test('values that cannot be turned into text cost no client its response', async () => {
  const out = new Collected()
  const { logger } = createLogger(undefined, { out })
  const circular: Record<string, unknown> = {}
  circular.self = circular
  logger.info(circular, undefined, null, 1n, Symbol('s'), Object.create(null), () => 1)
  logger.info({ toJSON: () => undefined })
  await logger.close()
  assert.match(out.lines.join('\n'), /\[Circular.*undefined null 1 Symbol\(s\) \{\}/)
})

test('methods work without their object', async () => {
  const out = new Collected()
  const { info, close } = (() => {
    const { logger } = createLogger(undefined, { out })
    return { info: logger.info, close: () => logger.close() }
  })()
  info('free')
  await close()
  assert.match(out.text, /INFO: free/)
})

test('the custom format knows verbs, layouts and directives', async () => {
  const pattern =
    '%{time:2006-01-02} [%{module}] %{level:.4s}|%{level:-9s}|%{level:9s}| %{id:03x} %{id} %{color:bold}%{color}%{message}%{color:reset} %{shortfunc} 100%'
  const config = { level: 'INFO', stdout: true, format: 'custom', custom_format: pattern }
  const lines = await logged(config)
  assert.match(lines[0]!, /^\d{4}-\d\d-\d\d \[SLUICE\] INFO\|INFO {5}\| {5}INFO\| 001 1 i \?\?\? 100%$/)
  assert.match(lines[1]!, /\] WARN\|WARNING {2}\| {2}WARNING\| 002 2 w/)
  const [, warning] = await logged(config, { tty: true })
  assert.match(warning!, /\x1b\[33;1m\x1b\[33mw\x1b\[0m/)
  const [pid] = await logged({ ...config, custom_format: '%{pid:08d} %{pid:X} %{program} %{message:.1s}' })
  assert.ok(pid!.startsWith(`${process.pid}`.padStart(8, '0')))
  assert.ok(pid!.includes(process.pid.toString(16).toUpperCase()))
})

test('wrong options are listed all at once, with their pointers', () => {
  const wrong = {
    level: 3,
    stdout: 'yes',
    syslog: null,
    prefix: [],
    format: 'gelf',
    syslog_facility: 'mail',
    access_log_format: { x: 1 }
  }
  assert.throws(
    () => createLogger(wrong, { file: 'krakend.json' }),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError)
      const found = error.problems.map(
        p => `${p.file} ${p.pointer.slice('/extra_config/telemetry~1logging/'.length)}: ${p.message}`
      )
      assert.deepEqual(found.sort(), [
        'krakend.json access_log_format: a string is expected, not an object',
        'krakend.json format: unknown value "gelf"',
        'krakend.json level: a string is expected, not a number',
        'krakend.json prefix: a string is expected, not an array',
        'krakend.json stdout: true or false is expected, not a string',
        'krakend.json syslog: true or false is expected, not null',
        'krakend.json syslog_facility: unknown value "mail"'
      ])
      return true
    }
  )
})

for (const [name, config, message] of [
  ['no level', {}, /level: logger: invalid log level \(one of DEBUG, INFO/],
  ['no object', 'DEBUG', /an object is expected, not a string/],
  ['an unknown level', { level: 'LOUD' }, /invalid log level/],
  ['a custom format without pattern', { level: 'INFO', format: 'custom' }, /needs a pattern/],
  ['an unknown verb', { level: 'INFO', format: 'custom', custom_format: '%{nope}' }, /unknown variable: nope/],
  ['an unknown colour', { level: 'INFO', format: 'custom', custom_format: '%{color:pink}' }, /unknown color option: pink/],
  ['an unknown directive', { level: 'INFO', format: 'custom', custom_format: '%{level:d}' }, /unknown layout "d" of %\{level\}/]
] as const) {
  test(`refuses ${name}; tolerant, it logs an error and everything else`, async () => {
    assert.throws(() => createLogger(config as Json), message)
    const lines = await logged(config as Json, { tolerant: true })
    assert.match(lines[0]!, /SLUICE ERROR: \[SERVICE: Logging\] Unable to create the logger: /)
    assert.match(lines.at(-1)!, /SLUICE FATAL: f$/)
  })
}

test('answers the format of the access log', () => {
  const out = new Collected()
  assert.equal(createLogger(undefined, { out }).accessLogFormat, 'default')
  assert.equal(createLogger({ level: 'INFO', access_log_format: 'json' }, { out }).accessLogFormat, 'json')
})

test('a filter chooses the lines of the output', async () => {
  const out = new Collected()
  const { logger } = createLogger(undefined, { out, filter: (level, message) => level === 'ERROR' || message === 'wanted' })
  logger.info('no')
  logger.info('wanted')
  logger.error('yes')
  await logger.close()
  assert.deepEqual(
    out.text.split('\n').map(line => line.replace(/^.*SLUICE /, '')),
    ['INFO: wanted', 'ERROR: yes', '']
  )
})

test('lines of a worker name it, in every format', async () => {
  const worker = 2
  const last = async (config: Json | undefined, options: CreateLoggerOptions = {}): Promise<string> =>
    (await logged(config, { ...options, worker })).at(-1)!
  assert.match(await last(undefined), / SLUICE FATAL: f worker=2$/)
  assert.match(await last({ level: 'INFO', stdout: true }), /▶ CRITICAL f worker=2$/)
  assert.equal(
    await last({ level: 'INFO', stdout: true, format: 'custom', custom_format: '%{level} %{message}!' }),
    'CRITICAL f worker=2!'
  )
  const record = JSON.parse(await last({ level: 'INFO', stdout: true, format: 'logstash' }))
  assert.deepEqual([record.message, record.module, record.worker], ['f', 'SLUICE', 2])
  const logstash = JSON.parse(await last({ level: 'INFO', stdout: true, prefix: 'p' }, { logstash: {} }))
  assert.deepEqual([logstash.message, logstash.module, logstash.worker], ['f', 'p', 2])
})
