import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { DgramSocket } from 'node-unix-socket'
import { createLogger } from '../../src/telemetry/create-logger.js'
import { Syslog } from '../../src/telemetry/syslog.js'
import { once, until } from '../support/waiting.js'
import { Collected } from './collect.js'

const folder = mkdtempSync(join(tmpdir(), 'syslog-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('speaks to a datagram socket, the usual kind', async () => {
  const path = join(folder, 'dgram')
  const daemon = new DgramSocket()
  daemon.bind(path)
  const received: string[] = []
  daemon.on('data', (bytes: Buffer) => received.push(bytes.toString()))
  const config = { level: 'INFO', syslog: true, prefix: '[GATE]', syslog_facility: 'local5' }
  const { logger } = createLogger(config, { out: new Collected(), worker: 2, syslog: { paths: [join(folder, 'none'), path] } })
  logger.debug('not this')
  logger.warning('careful\nnow')
  logger.fatal('over')
  await logger.close()
  await logger.close()
  logger.fatal('after the end')
  await until(() => received.length === 2)
  daemon.close()
  // local5 = 21: 21 * 8 + severity.
  assert.match(received[0]!, /^<172>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \[GATE\]\[\d+\]: WARNING > careful\n\tnow worker=2$/)
  assert.match(received[1]!, /^<170>.*CRITICAL > over worker=2$/)
})

test('speaks to a stream socket, and again after the daemon restarted', async () => {
  const path = join(folder, 'stream')
  const connections: Socket[] = []
  let text = ''
  const server = createServer(socket => {
    connections.push(socket)
    socket.setEncoding('utf8').on('data', chunk => {
      text += chunk
    })
  })
  server.listen(path)
  await once(server, 'listening')
  const syslog = new Syslog({ facility: 'local3', tag: '', paths: [path] })
  assert.equal(await syslog.opened, `unix:${path}`)
  syslog.send('INFO', 'one\ntwo')
  await until(() => text.includes('one'))
  assert.match(text, /^<158>.* sluice\[\d+\]: INFO > one two\n$/)
  connections[0]!.destroy()
  await until(() => {
    if (!text.includes('again')) syslog.send('INFO', 'again')
    return text.includes('again')
  })
  assert.equal(connections.length, 2)
  await syslog.close()
  server.close()
})

test('falls back to UDP, with the host name, and says so', async () => {
  const daemon = createSocket('udp4')
  daemon.bind(0, '127.0.0.1')
  await once(daemon, 'listening')
  const { port } = daemon.address()
  const arrived = once(daemon, 'message')
  const out = new Collected()
  const { logger } = createLogger({ level: 'INFO', syslog: true }, { out, syslog: { paths: [], udpPort: port } })
  logger.error('by network')
  await logger.close()
  const [message] = await arrived
  daemon.close()
  assert.ok(String(message).includes(` ${hostname()} SLUICE[${process.pid}]: ERROR > by network`))
  assert.match(String(message), /^<155>/)
  await until(() => out.text.includes('sending to'))
  assert.match(out.text, /WARNING: .*No syslog socket found on this machine, sending to udp:127\.0\.0\.1/)
})

test('keeps a bounded number of messages while the socket is being found', async () => {
  const daemon = createSocket('udp4')
  daemon.bind(0, '127.0.0.1')
  await once(daemon, 'listening')
  const syslog = new Syslog({ facility: 'local0', tag: 'x', paths: [], udpPort: daemon.address().port })
  for (let i = 0; i < 1500; i++) syslog.send('INFO', 'x')
  assert.equal(syslog.dropped, 500)
  await syslog.close()
  daemon.close()
})
