import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { createLogger } from '../../../../src/telemetry/create-logger.js'
import { KeptLines, openGateway } from '../../../support/open-gateway.js'
import { build, endpoint, NOWHERE } from '../../scripted-upstream.js'

type Record = { [field: string]: unknown }

const ENDPOINTS = [endpoint('/x', NOWHERE)]
const LOGGING = { level: 'INFO', prefix: 'shop', stdout: true }

async function logged(
  logstash: object | undefined,
  write: (logger: ReturnType<typeof createLogger>['logger']) => void
): Promise<KeptLines> {
  const out = new KeptLines()
  const { logger } = createLogger(LOGGING, { out, logstash: logstash as never })
  write(logger)
  await logger.close()
  return out
}

test('every line of a gateway is a JSON object', async t => {
  const { log, gateway } = await build(t, {
    endpoints: ENDPOINTS,
    extra_config: { 'telemetry/logging': LOGGING, 'telemetry/logstash': { enabled: true } }
  })
  await gateway.close()
  const records = log.lines.map(line => JSON.parse(line) as Record)
  assert.ok(records.length > 1)
  for (const record of records) {
    assert.deepEqual(Object.keys(record), ['@timestamp', '@version', 'host', 'level', 'message', 'module'])
    assert.match(record['@timestamp'] as string, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/)
    assert.equal(record['@version'], 1)
    assert.equal(record.host, hostname())
    assert.equal(record.module, 'shop')
  }
  assert.ok(records.some(record => record.level === 'INFO' && (record.message as string).startsWith('Starting Sluice')))
})

test('text from outside stays in its field; objects become fields that cannot take the place of others', async () => {
  const cycle: Record = {}
  cycle.self = cycle
  const out = await logged({}, logger => {
    logger.debug('below the level')
    logger.info('a"\n}{', 7, true, { key: 'a', message: 'forged', level: 'DEBUG', ['__proto__']: 1, big: 10n, cycle }, 'end')
    logger.fatal({ only: 1 })
    logger.error(new Error('broken'), [1])
    logger.warning()
  })
  const [first, second, third, fourth] = out.lines.map(line => JSON.parse(line) as Record)
  assert.equal(first!.message, 'a"\n}{ 7 true end')
  assert.equal(first!.level, 'INFO')
  assert.equal(first!.key, 'a')
  assert.equal(first!.big, '10')
  assert.equal(typeof first!.cycle, 'string')
  assert.deepEqual([second!.level, second!.message], ['CRITICAL', '{"only":1}'])
  assert.equal(third!.message, 'broken [1]')
  assert.equal(fourth!.message, '')
  assert.equal(out.lines.length, 4)
})

test('enabled: false, and no namespace, leave the lines as they are', async () => {
  for (const logstash of [{ enabled: false }, undefined]) {
    const out = await logged(logstash, logger => logger.info('hello'))
    assert.match(out.text, /^shop .* INFO hello\n$/)
  }
})

test('without telemetry/logging the start stops', async t => {
  const config = { endpoints: ENDPOINTS, extra_config: { 'telemetry/logstash': {} } }
  await assert.rejects(build(t, config), (error: { problems: readonly { pointer: string; message: string }[] }) => {
    assert.equal(error.problems[0]!.pointer, '/extra_config/telemetry~1logstash')
    assert.match(error.problems[0]!.message, /needs 'telemetry\/logging'/)
    return true
  })
  const { log } = await build(t, config, { tolerant: true })
  await log.line(/ERROR: \[SERVICE: Logging\] Unable to create the logger: .*needs 'telemetry\/logging'/)
})

test('a wrong option is a warning', async t => {
  const extra = { 'telemetry/logging': LOGGING, 'telemetry/logstash': { enabled: 'yes' } }
  const { gateway } = await openGateway(t, { endpoints: ENDPOINTS, extra_config: extra })
  const [problem] = gateway.config.problems
  assert.equal(problem?.level, 'warning')
  assert.match(problem!.message, /enabled.*boolean/)
})
