import assert from 'node:assert/strict'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import type { GatewayResponse, Next, PluginModule } from '../../src/plugin/index.js'
import { openGateway } from '../support/open-gateway.js'
import { fetch, once } from '../support/waiting.js'

const plugins: PluginModule = {
  HandlerRegisterer: {
    registerHandlers(register) {
      register('reads', (_context, _extra, next: Next) => async request => {
        const response: GatewayResponse = await next(request)
        await response.body.buffer()
        return response
      })
    }
  }
}

describe('a body that stands still while a service plugin reads it', () => {
  for (const framing of ['Content-Length: 100', 'Transfer-Encoding: chunked']) {
    test(`is given up after the endpoint's timeout (${framing})`, async t => {
      const sockets = new Set<Socket>()
      let closed: Promise<unknown> = Promise.resolve()
      const upstream = createServer(socket => {
        sockets.add(socket)
        socket.on('error', () => {})
        closed = once(socket, 'close')
        socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n5\r\nhello\r\n`))
      })
      upstream.listen(0, '127.0.0.1')
      await once(upstream, 'listening')
      t.after(() => {
        for (const socket of sockets) socket.destroy()
        upstream.close()
      })
      const { origin, log } = await openGateway(
        t,
        {
          extra_config: { 'plugin/http-server': { name: ['reads'] } },
          endpoints: [
            {
              endpoint: '/x',
              timeout: '500ms',
              output_encoding: 'no-op',
              backend: [{ host: [`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`], url_pattern: '/x' }]
            }
          ]
        },
        { plugins: [plugins] }
      )
      const answer = await fetch(`${origin}/x`)
      assert.ok(answer.status >= 500, String(answer.status))
      await closed // the upstream's connection is not kept
      await log.line(/GET.*\/x/)
    })
  }
})
