import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { open } from './listening.js'

const LARGE = Buffer.alloc(20_000_000, 'x')

test('a complete answer that the client does not read is cut', async t => {
  const { port, infos } = await open(t, { unreadAnswerTimeoutMs: 300 }, (_req, res) => void res.end(LARGE))
  const socket = connect(port, '127.0.0.1').pause()
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  for (const end = Date.now() + 10_000; infos.length === 0; await new Promise(resolve => setTimeout(resolve, 20)))
    assert.ok(Date.now() < end, 'waited 10 s for the cut')
  assert.deepEqual(
    [infos[0]!.code, infos[0]!.detail, infos[0]!.status],
    ['SLUICE_ERR_CLIENT_TIMEOUT', 'unread_answer_timeout=300ms', 0]
  )
  let size = 0
  socket.on('data', chunk => {
    size += chunk.length
  })
  const closed = new Promise(resolve => socket.on('close', resolve))
  socket.resume()
  await closed
  assert.ok(size < LARGE.length, `${size} bytes`)
})

test('a client that reads slowly, but reads, gets all', async t => {
  const { port } = await open(t, { unreadAnswerTimeoutMs: 400 }, (_req, res) => void res.end(LARGE))
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
    setTimeout(() => socket.resume(), 100)
  })
  await new Promise(resolve => socket.on('close', resolve))
  assert.ok(size > LARGE.length, `${size} bytes`)
})
