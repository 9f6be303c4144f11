/** Lines and exchanges arrive at a server that speaks GELF, over UDP and TCP. */

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { createServer, type Socket } from 'node:net'
import { hostname } from 'node:os'
import { type TestContext, test } from 'node:test'
import { createLogger } from '../../../../src/telemetry/create-logger.js'
import { parseGelfAddress } from '../../../../src/telemetry/gelf.js'
import { freePort } from '../../../support/free-port.js'
import { KeptLines } from '../../../support/open-gateway.js'
import { once, until } from '../../../support/waiting.js'
import { build, endpoint, NOWHERE } from '../../scripted-upstream.js'

type Message = { [field: string]: unknown }

const LOGGING = { level: 'INFO', prefix: 'shop', stdout: false }

/** A GELF input on UDP: puts chunks together as the specification says. */
async function udpInput(t: TestContext): Promise<{ address: string; messages: Message[]; datagrams: Buffer[] }> {
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  const messages: Message[] = []
  const datagrams: Buffer[] = []
  const parts = new Map<string, Buffer[]>()
  socket.on('message', datagram => {
    datagrams.push(datagram)
    if (datagram[0] !== 0x1e || datagram[1] !== 0x0f) return messages.push(JSON.parse(datagram.toString()))
    const id = datagram.toString('hex', 2, 10)
    const known = parts.get(id) ?? []
    parts.set(id, known)
    known[datagram[10]!] = datagram.subarray(12)
    if (known.filter(Boolean).length === datagram[11]) messages.push(JSON.parse(Buffer.concat(known).toString()))
    return undefined
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { address: `127.0.0.1:${socket.address().port}`, messages, datagrams }
}

/** A GELF input on TCP: messages end with a null byte. */
class TcpInput {
  readonly connections: Socket[] = []
  readonly #server = createServer(socket => {
    this.connections.push(socket)
    socket.on('data', chunk => {
      this.text += chunk
    })
    socket.on('error', () => {})
  })
  text = ''

  get messages(): Message[] {
    return this.text
      .split('\0')
      .slice(0, -1)
      .map(text => JSON.parse(text))
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  close(): void {
    for (const socket of this.connections) socket.destroy()
    this.#server.close()
  }
}

const loggerTo = (address: string, tcp: boolean) =>
  createLogger(LOGGING, { out: new KeptLines(), gelf: { address, enable_tcp: tcp } }).logger

test('UDP: a line is one datagram, with its level and its fields', async t => {
  const { address, messages, datagrams } = await udpInput(t)
  const before = Date.now() / 1000
  const logger = loggerTo(address, false)
  logger.debug('below the level')
  logger.warning('careful', 7)
  logger.fatal('two\nlines')
  logger.info('')
  await logger.close()
  await until(() => messages.length === 3, 'three messages')
  const [first, second, third] = messages as [Message, Message, Message]
  const { timestamp, ...rest } = first
  assert.deepEqual(rest, { version: '1.1', host: hostname(), short_message: 'careful 7', level: 4, _module: 'shop' })
  assert.ok((timestamp as number) >= before && (timestamp as number) <= Date.now() / 1000)
  assert.deepEqual([second.short_message, second.full_message, second.level], ['two', 'two\nlines', 2])
  assert.equal(third.short_message, '-')
  assert.equal(datagrams.length, 3)
})

test('UDP: a long message goes in chunks that hold together; a huge one is cut, whatever it is made of', async t => {
  const { address, messages, datagrams } = await udpInput(t)
  const logger = loggerTo(address, false)
  const long = 'é€😀'.repeat(1000)
  logger.error(long)
  await until(() => messages.length === 1, 'the long message')
  assert.equal(messages[0]!.short_message, long)
  assert.ok(datagrams.every(one => one.length <= 1420))
  logger.error('\u0001'.repeat(1_000_000))
  await until(() => messages.length === 2, 'the huge message')
  assert.equal((messages[1]!.short_message as string).length, 16_384)
  await logger.close()
})

test('TCP: messages end with a null byte, wait for a server that is away, and go on after it was', async t => {
  const port = await freePort()
  const logger = loggerTo(`127.0.0.1:${port}`, true)
  logger.info('before there was a server')
  const second = new TcpInput()
  t.after(() => second.close())
  await second.listen(port)
  await until(() => second.messages.length === 1, 'the message that waited')
  second.connections[0]!.destroy()
  let count = 0
  await until(() => {
    logger.info(`again ${count++}`)
    return second.connections.length === 2 && second.messages.length > 1
  }, 'messages on a second connection')
  await logger.close()
  await until(() => second.messages.at(-1)?.short_message === `again ${count - 1}`, 'the last message')
})

test('closing does not wait for a server that never comes', async () => {
  for (const tcp of [true, false]) {
    const logger = loggerTo('127.0.0.1:9', tcp)
    logger.error('lost')
    await logger.close()
    logger.error('after the end')
  }
})

test('an exchange has its facts as fields', async t => {
  const { address, messages } = await udpInput(t)
  const extra_config = { 'telemetry/logging': LOGGING, 'telemetry/gelf': { address } }
  const { gateway } = await build(t, { endpoints: [endpoint('/x', NOWHERE)], extra_config })
  await gateway.request({ path: '/nowhere?a=1', headers: { 'user-agent': 'probe' } })
  const isExchange = (one: Message): boolean => one._status !== undefined
  await until(() => messages.some(isExchange), 'the exchange')
  const entry = messages.find(isExchange)!
  assert.equal(entry.short_message, 'GET /nowhere 404')
  assert.deepEqual([entry.level, entry._status, entry._path, entry._query], [6, 404, '/nowhere', 'a=1'])
  assert.ok(messages.some(one => (one.short_message as string).startsWith('Starting Sluice')))
  await gateway.close()
})

test('what keeps it from sending is a warning, never a refusal', async t => {
  const warnings = async (extra_config: object): Promise<string[]> => {
    const { gateway } = await build(t, { endpoints: [endpoint('/x', NOWHERE)], extra_config })
    await gateway.close()
    return gateway.config.problems.map(one => `${one.level} ${one.pointer}`)
  }
  const logging = { 'telemetry/logging': LOGGING }
  for (const address of ['', 'graylog', 'graylog:0', 'graylog:70000', '::1:12201', 'http://graylog:12201'])
    assert.deepEqual(await warnings({ ...logging, 'telemetry/gelf': { address } }), [
      'warning /extra_config/telemetry~1gelf/address'
    ])
  assert.deepEqual(await warnings({ 'telemetry/gelf': { address: '127.0.0.1:9' } }), ['warning /extra_config/telemetry~1gelf'])
  assert.deepEqual(await warnings({ ...logging, 'telemetry/gelf': { address: '[::1]:9' } }), [])
  assert.deepEqual(parseGelfAddress('[::1]:9'), { host: '::1', port: 9 })
})

test('messages of a worker name it', async t => {
  const { address, messages } = await udpInput(t)
  const { logger } = createLogger(LOGGING, { gelf: { address }, worker: 2 })
  logger.info('i')
  await logger.close()
  await until(() => messages.length === 1, 'the message')
  assert.deepEqual([messages[0]!.short_message, messages[0]!._worker], ['i', 2])
})
