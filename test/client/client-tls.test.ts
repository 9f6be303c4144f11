/** Which name TLS asks for and verifies. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import { certificate } from '../support/certificates.js'
import { once } from '../support/waiting.js'
import { call, openPool, type TRANSPORT } from './probe.js'

/** The certificate is that of `localhost`, so calls of the address take any. */
const tls = (allowInsecureConnections: boolean): (typeof TRANSPORT)['tls'] => ({
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  curvePreferences: [],
  cipherSuites: [],
  caCerts: [certificate('ca.pem')],
  disableSystemCaPool: false,
  clientCerts: [],
  allowInsecureConnections
})

test('the Host field changes neither the server name nor the connection', async t => {
  const names: (string | false | null)[] = []
  const server = createServer(
    { cert: readFileSync(certificate('a.pem')), key: readFileSync(certificate('a.key')) },
    (socket: TLSSocket) => {
      names.push(socket.servername)
      socket.on('error', () => {})
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
    }
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  for (const [host, expected] of [
    ['localhost', 'localhost'],
    ['127.0.0.1', false]
  ] as const) {
    const pool = openPool(t, `https://${host}:${port}`, { maxConnections: 1 }, { tls: tls(expected === false) })
    for (const headers of [[], ['Host', 'one.test'], ['Host', 'two.test']]) {
      assert.equal(await call(pool, '/', { headers }).said(), 'ok')
    }
    assert.deepEqual(names.splice(0), [expected], 'one connection')
  }
})
