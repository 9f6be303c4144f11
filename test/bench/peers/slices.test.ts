import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
// @ts-expect-error JavaScript without declarations
import { lengthOfResponse } from '../../../bench/peers/slices.mjs'

/** A connection to a server that sends `parts`, each in a turn of its own, and ends it. */
async function receiving(t: TestContext, ...parts: string[]) {
  const server = createServer(socket => {
    const sendFrom = (at: number): void => {
      if (at === parts.length) socket.end()
      else socket.write(parts[at]!, () => setImmediate(sendFrom, at + 1))
    }
    sendFrom(0)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.after(() => {
    socket.destroy()
    server.close()
  })
  return socket
}

test('the length of a response is known wherever it is cut into pieces', async t => {
  const head = 'HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 4\r\n\r\n'
  for (const parts of [[`${head}body`], [head, 'body'], [head.slice(0, 30), `${head.slice(30)}bo`, 'dy']]) {
    assert.equal(await lengthOfResponse(await receiving(t, ...parts)), head.length + 4)
  }
})

test('a response in chunks has no length, and is over with its last chunk', async t => {
  const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
  for (const parts of [[`${head}4\r\nbody\r\n0\r\n\r\n`], [head, '4\r\nbo', 'dy\r\n0\r', '\n\r\n']]) {
    assert.equal(await lengthOfResponse(await receiving(t, ...parts)), undefined)
  }
  await assert.rejects(lengthOfResponse(await receiving(t, head, '4\r\nbody\r\n0\r\n')), /the connection was closed/)
})

test('a response of another status, or without a length, is no measure', async t => {
  for (const head of ['HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n', 'HTTP/1.1 200 OK\r\nX-Content-Length: 4\r\n\r\n']) {
    await assert.rejects(lengthOfResponse(await receiving(t, head)), /unexpected response: HTTP/)
  }
  await assert.rejects(lengthOfResponse(await receiving(t, 'HTTP/1.1 200 OK\r\nContent-')), /the connection was closed/)
})
