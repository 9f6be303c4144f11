/** Bodies on their way up, however they arrive: with the head, in pieces, late, several requests on one connection. */

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { PluginModule } from '../../src/plugin/index.js'
import { openGateway } from '../support/open-gateway.js'
import { once } from '../support/waiting.js'

const plugins: PluginModule = {
  ModifierRegisterer: {
    registerModifiers(register) {
      register('passes', () => ({ request: () => {} }))
      register('waits', () => ({
        request: async () => {
          await turn()
        }
      }))
      register('reads', () => ({
        request: async request => {
          await request.body.buffer()
        }
      }))
    }
  }
}
const NAMES = ['none', 'passes', 'waits', 'reads']

/** Writes requests in `pieces` parts each and answers the bodies of the answers, in order; all on one connection. */
async function talk(port: number, requests: readonly string[], pieces: number): Promise<string[]> {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  const bodies: string[] = []
  for (const request of requests) {
    const size = Math.ceil(request.length / pieces)
    for (let at = 0; at < request.length; at += size) {
      socket.write(request.slice(at, at + size), 'latin1')
      if (pieces > 1) await turn()
    }
    for (;;) {
      const end = text.indexOf('\r\n\r\n')
      const length = end < 0 ? undefined : Number(/content-length: (\d+)/i.exec(text.slice(0, end))?.[1])
      if (length !== undefined && text.length >= end + 4 + length) {
        bodies.push(text.slice(end + 4, end + 4 + length))
        text = text.slice(end + 4 + length)
        break
      }
      await once(socket, 'data')
    }
  }
  socket.destroy()
  return bodies
}

describe('request bodies', () => {
  for (const pieces of [1, 2, 7]) {
    test(`reach the backend whole when their requests come in ${pieces} pieces`, async t => {
      const upstream = createServer((req, res) => {
        const chunks: Buffer[] = []
        req.on('data', (chunk: Buffer) => chunks.push(chunk))
        req.on('end', () => {
          const body = Buffer.concat(chunks)
          const framing = req.headers['content-length'] ?? req.headers['transfer-encoding']
          res.end(`${req.method} ${framing} ${body.length} ${body.toString('latin1').slice(-20)}`)
        })
      })
      upstream.keepAliveTimeout = 0 // a gateway that was held up finds its idle connections open
      upstream.listen(0, '127.0.0.1')
      await once(upstream, 'listening')
      t.after(() => upstream.close())
      const host = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
      const { port } = await openGateway(
        t,
        {
          timeout: '20s',
          endpoints: NAMES.map(name => ({
            endpoint: `/${name}`,
            method: 'POST',
            output_encoding: 'no-op',
            backend: [{ host: [host], url_pattern: '/up' }],
            ...(name !== 'none' && { extra_config: { 'plugin/req-resp-modifier': { name: [name] } } })
          }))
        },
        { plugins: [plugins] }
      )
      for (const name of NAMES) {
        const requests: string[] = []
        const expected: string[] = []
        for (const size of [0, 1, 500, 16_384, 65_536, 65_537, 300_000]) {
          const body = `${'.'.repeat(Math.max(0, size - 6))}${`s${size}`.padStart(6, '.')}`.slice(
            -size || Number.POSITIVE_INFINITY
          )
          const sent = size === 0 ? '' : body
          requests.push(`POST /${name} HTTP/1.1\r\nHost: gw\r\nContent-Length: ${sent.length}\r\n\r\n${sent}`)
          expected.push(`POST ${sent.length} ${sent.length} ${sent.slice(-20)}`)
          if (size === 0) continue
          requests.push(
            `POST /${name} HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\n${sent.length.toString(16)}\r\n${sent}\r\n0\r\n\r\n`
          )
          const framing = name === 'reads' ? sent.length : 'chunked'
          expected.push(`POST ${framing} ${sent.length} ${sent.slice(-20)}`)
        }
        assert.deepEqual(await talk(port, requests, pieces), expected, name)
      }
    })
  }
})
