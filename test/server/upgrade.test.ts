import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { openGateway } from '../support/open-gateway.js'
import { openUpstream } from '../support/upstream.js'
import { once } from '../support/waiting.js'

const UPGRADE = 'GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

/** Requests that are refused in the turn in which they are read. */
const REFUSED = {
  'a target that cannot be read': ['GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n', 400],
  'no Host': ['GET /x HTTP/1.1\r\n\r\n', 400],
  'an expectation that is not known': ['GET /x HTTP/1.1\r\nHost: h\r\nExpect: more\r\n\r\n', 417]
} as const

for (const [what, [request, status]] of Object.entries(REFUSED)) {
  test(`an offer of another protocol in one packet behind ${what} takes nothing over`, async t => {
    const upstream = await openUpstream(t, (_req, res) => res.end('ok'))
    const { port } = await openGateway(t, {
      endpoints: [{ endpoint: '/x', output_encoding: 'no-op', backend: [{ host: [upstream.origin], url_pattern: '/x' }] }]
    })
    const socket = connect(port, '127.0.0.1')
    t.after(() => socket.destroy())
    let heard = ''
    socket.on('data', chunk => {
      heard += chunk
    })
    const ended = once(socket, 'end')
    socket.write(request + UPGRADE)
    await ended
    assert.deepEqual(heard.match(/HTTP\/1\.1 \d+/g), [`HTTP/1.1 ${status}`])
    assert.equal(upstream.seen.length, 0)
  })
}
