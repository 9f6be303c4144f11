import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { skipTime } from '../support/time.js'
import { once, until } from '../support/waiting.js'
import { open } from './listening.js'

const LARGE = Buffer.alloc(20_000_000, 'x')

test('a complete answer that the client does not read is cut', async t => {
  const { port, infos } = await open(t, { unreadAnswerTimeoutMs: 300 }, (_req, res) => void res.end(LARGE))
  const socket = connect(port, '127.0.0.1').pause()
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(() => infos.length > 0, 'the cut')
  assert.deepEqual(
    [infos[0]!.code, infos[0]!.detail, infos[0]!.status],
    ['SLUICE_ERR_CLIENT_TIMEOUT', 'unread_answer_timeout=300ms', 0]
  )
  let size = 0
  socket.on('data', chunk => {
    size += chunk.length
  })
  const closed = once(socket, 'close')
  socket.resume()
  await closed
  assert.ok(size < LARGE.length, `${size} bytes`)
})

test('a client that reads slowly, but reads, gets all, also when the gateway is held up meanwhile', async t => {
  const skip = skipTime(t)
  const { port } = await open(t, { unreadAnswerTimeoutMs: 3000 }, (_req, res) => void res.end(LARGE))
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  let size = 0
  let next = 0
  socket.on('data', chunk => {
    size += chunk.length
    if (size < next) return
    next = size + 2_000_000
    socket.pause()
    setTimeout(() => {
      skip(5_000)
      socket.resume()
    }, 250)
  })
  await once(socket, 'close')
  assert.ok(size > LARGE.length, `${size} bytes`)
})
