import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import type { PluginModule } from '../../src/plugin/index.js'
import { openGateway } from '../support/open-gateway.js'
import { rawUpstream } from '../support/raw-upstream.js'
import { passTime } from '../support/time.js'
import { fetch } from '../support/waiting.js'

const plugins: PluginModule = {
  HandlerRegisterer: { registerHandlers: register => register('on', (_context, _extra, next) => request => next(request)) },
  ModifierRegisterer: { registerModifiers: register => register('on', () => ({ response() {} })) }
}

const TIMEOUT_MS = 60_000

/** A pass-through endpoint with one plugin that only passes on. */
async function withPlugin(t: TestContext, namespace: string, onHead: (socket: Socket) => void, router: object = {}) {
  const upstream = await rawUpstream(t, onHead)
  const endpoint = {
    endpoint: '/x',
    timeout: `${TIMEOUT_MS}ms`,
    output_encoding: 'no-op',
    extra_config: { [namespace]: { name: ['on'] } },
    backend: [{ host: [upstream.origin], url_pattern: '/x' }]
  }
  const open = await openGateway(t, { extra_config: { router }, endpoints: [endpoint] }, { plugins: [plugins] })
  return { ...open, sockets: upstream.sockets }
}

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n'

/** Reads a body of eight bytes, of which `socket` sends one each half of the timeout: longer than it in all. */
async function readSlowly(answer: Response, socket: Socket): Promise<string> {
  let text = ''
  socket.write('x')
  for await (const chunk of answer.body!) {
    text += Buffer.from(chunk as Uint8Array)
    await passTime(TIMEOUT_MS / 2)
    if (text.length < 8) socket.write('x')
  }
  return text
}

for (const namespace of ['plugin/http-server', 'plugin/req-resp-modifier']) {
  describe(`the timeout of an endpoint with ${namespace}`, () => {
    test('ends with the head: a body that keeps moving is whole, however long it takes', async t => {
      const { origin, sockets } = await withPlugin(t, namespace, socket => socket.write(HEAD))
      const answer = await fetch(`${origin}/x`)
      assert.deepEqual([answer.status, await readSlowly(answer, [...sockets][0]!)], [200, 'xxxxxxxx'])
    })

    test('is the idle limit of the body then: one that stands still is cut', async t => {
      const { origin, log } = await withPlugin(t, namespace, socket => socket.write(`${HEAD}abc`))
      const answer = await fetch(`${origin}/x`)
      assert.equal(answer.status, 200)
      void passTime(TIMEOUT_MS)
      await assert.rejects(answer.text())
      await log.line(/the upstream stopped sending/)
    })

    test('covers the body where the router says so', async t => {
      const { origin, sockets } = await withPlugin(t, namespace, socket => socket.write(HEAD), { no_op_timeout: 'whole' })
      const answer = await fetch(`${origin}/x`)
      assert.equal(answer.status, 200)
      await assert.rejects(readSlowly(answer, [...sockets][0]!))
    })

    test('answers when no head comes', async t => {
      const { origin } = await withPlugin(t, namespace, () => void passTime(TIMEOUT_MS))
      assert.equal((await fetch(`${origin}/x`)).status, 500)
    })

    test('lets a head leave before its body', async t => {
      let finish = (): void => {}
      const { origin } = await withPlugin(t, namespace, socket => {
        socket.write(HEAD)
        finish = () => socket.write('12345678')
      })
      const answer = await fetch(`${origin}/x`)
      finish()
      assert.equal(await answer.text(), '12345678')
    })
  })
}
