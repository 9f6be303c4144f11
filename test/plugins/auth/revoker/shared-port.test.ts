import assert from 'node:assert/strict'
import { connect, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { SharedPort } from '../../../../plugins/auth/revoker/shared-port.js'
import { once } from '../../../support/waiting.js'

const open = (t: TestContext, port = 0): SharedPort<string> => {
  const shared = new SharedPort<string>('127.0.0.1', port, current => createServer(socket => socket.write(current())))
  t.after(() => shared.close())
  return shared
}

/** What a new connection is served. */
async function served(t: TestContext, { port }: { readonly port: number }): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  t.after(() => socket.destroy())
  const [data] = await once<[Buffer]>(socket, 'data')
  return data.toString()
}

test('serves the one that came last and is still there', async t => {
  const port = open(t)
  const leaveFirst = await port.serve('first')
  assert.equal(await served(t, port.address), 'first')
  const leaveSecond = await port.serve('second')
  assert.equal(await served(t, port.address), 'second')
  // a new configuration that failed to start
  leaveSecond()
  assert.equal(await served(t, port.address), 'first')
  await port.serve('third')
  leaveFirst()
  assert.equal(await served(t, port.address), 'third')
})

test('a port that is taken is told, and may be opened later', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const shared = open(t, port)
  await assert.rejects(shared.serve('one'), { code: 'EADDRINUSE' })
  other.close()
  await once(other, 'close')
  await shared.serve('two')
  assert.equal(await served(t, { port }), 'two')
})

test('closing ends what is connected', async t => {
  const port = open(t)
  await port.serve('one')
  const socket = connect({ port: port.address.port, host: '127.0.0.1' })
  const closed = once(socket, 'close')
  await once(socket, 'data')
  await port.close()
  await closed
})
