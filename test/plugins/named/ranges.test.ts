/** Who edits whole answers asks for whole answers (RFC 9110 §14.2). */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask } from '../../support/client.js'
import { openGateway } from '../../support/open-gateway.js'
import { openUpstream } from '../../support/upstream.js'

const BODY = '[{"a":1},{"a":2}]'
const PARTS: Readonly<Record<string, readonly [name: string, options: object, expected: string]>> = {
  'an edit of JSON': ['sluice-json-editor', { response: { set: { '0.a': 3 } } }, '[{"a":3},{"a":2}]'],
  'a filter of elements': ['sluice-items', { where: { a: 2 } }, '[{"a":2}]'],
  'a replacement in answers': ['sluice-replace', { response: { a: 'b' } }, '[{"b":1},{"b":2}]'],
  'a replacement in requests': ['sluice-replace', { request: { a: 'b' } }, '206 [{"'],
  'a digest': ['sluice-digest', {}, '206 [{"']
}
const PLACES = ['plugin/http-server', 'plugin/req-resp-modifier', 'plugin/http-client']

for (const [what, [name, options, expected]] of Object.entries(PARTS)) {
  for (const place of PLACES) {
    test(`${what} and a client that asks for a range, ${place}`, async t => {
      const upstream = await openUpstream(t, (req, res) => {
        res.setHeader('Content-Type', 'application/json')
        if (req.headers.range === undefined) return void res.end(BODY)
        res.writeHead(206, { 'Content-Range': `bytes 0-2/${BODY.length}` }).end(BODY.slice(0, 3))
      })
      const extra_config = { [place]: { name: [name], [name]: options } }
      const within = place === 'plugin/http-client'
      const backend = { host: [upstream.origin], url_pattern: '/x', ...(within && { extra_config }) }
      const endpoint = { endpoint: '/x', output_encoding: 'no-op', input_headers: ['*'], ...(!within && { extra_config }) }
      const { port } = await openGateway(t, { endpoints: [{ ...endpoint, backend: [backend] }] })
      const got = await ask(port, '/x', { headers: ['Range', 'bytes=0-2', 'If-Range', '"a"'] })
      assert.equal(got.status === 200 ? got.text : `${got.status} ${got.text}`, expected)
      assert.equal(upstream.seen[0]!.headers['if-range'], got.status === 200 ? undefined : '"a"')
    })
  }
}
