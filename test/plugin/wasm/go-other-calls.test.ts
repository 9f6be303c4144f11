/** Calls of Go plugins that are not the gateway's own: any server, by Go's client. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer, type RequestListener, request, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { SERVER_CERTS } from '../../support/certificates.js'
import { deferred, fetch, once, within } from '../../support/waiting.js'
import { echoUpstream, endpointsOf, fixture, type GoEndpoint, needsGo, openWithGo } from './go-fixtures.js'

const client = (name: string, more: Partial<GoEndpoint> = {}): GoEndpoint => ({ path: `/${name}`, client: name, ...more })
const CERTS = SERVER_CERTS

async function listen(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A server of another origin than the backend's. */
const plain = async (t: TestContext, serve: RequestListener): Promise<string> =>
  `http://127.0.0.1:${await listen(t, createServer(serve))}`

/** A server that says who its client is. */
async function secure(t: TestContext, requestCert: boolean): Promise<string> {
  const [key, cert, ca] = await Promise.all(['a.key', 'a.pem', 'ca.pem'].map(name => readFile(path.join(CERTS, name))))
  const server = createSecureServer({ key, cert, ca, requestCert, rejectUnauthorized: false }, (req, res) => {
    const { subject } = (req.socket as TLSSocket).getPeerCertificate()
    res.end(`client ${subject?.CN ?? 'unknown'}`)
  })
  return `https://127.0.0.1:${await listen(t, server as unknown as Server)}`
}

test('gzip is undone as Go does it, and a client plugin gets an absolute URL', needsGo, async t => {
  const up = await echoUpstream(t)
  const to = await plain(t, (req, res) => {
    res.setHeader('Content-Encoding', 'gzip')
    res.end(gzipSync(`asked for ${req.headers['accept-encoding']} by ${req.headers['user-agent']}`))
  })
  const { origin } = await openWithGo(t, endpointsOf(up.host, [client('unzipped'), client('absolute'), client('unknown-name')]))
  const said = await (await fetch(`${origin}/unzipped`, { headers: { 'X-To': to } })).text()
  assert.equal(said, '200 true asked for gzip by Go-http-client/1.1 <nil>')
  const { host } = new URL(up.host)
  assert.equal(await (await fetch(`${origin}/absolute`)).text(), `true ${host} ${host} true`)
  assert.equal(await (await fetch(`${origin}/unknown-name`)).text(), 'true')
})

test('certificates: unknown ones are refused, InsecureSkipVerify, RootCAs and own certificates hold', needsGo, async t => {
  const up = await echoUpstream(t)
  const before = process.env.BEHAVIOURS_CERTS
  process.env.BEHAVIOURS_CERTS = CERTS
  t.after(() => {
    if (before === undefined) delete process.env.BEHAVIOURS_CERTS
    else process.env.BEHAVIOURS_CERTS = before
  })
  const { origin } = await openWithGo(t, endpointsOf(up.host, [client('unzipped'), client('insecure'), client('certificates')]))
  const said = async (name: string, to: string): Promise<string> =>
    (await fetch(`${origin}/${name}`, { headers: { 'X-To': to } })).text()
  const open = await secure(t, false)
  assert.match(await said('unzipped', open), /certificate/)
  assert.equal(await said('insecure', open), '200 false client unknown <nil>')
  assert.match(await said('certificates', await secure(t, true)), /^200 false client (?!unknown)\S+ <nil>$/)
})

test('the Proxy function of a transport is asked once for each call', needsGo, async t => {
  const up = await echoUpstream(t)
  const asked: string[] = []
  const proxy = await plain(t, (req, res) => {
    asked.push(req.url!)
    const { hostname, port, pathname } = new URL(req.url!)
    req.pipe(request({ hostname, port, path: pathname, method: req.method }, got => got.pipe(res)))
  })
  const to = await plain(t, (_req, res) => res.end('behind'))
  const { origin } = await openWithGo(t, endpointsOf(up.host, [client('through-proxy')]))
  for (const count of [1, 2]) {
    const headers = { 'X-To': `${to}/x`, 'X-Proxy': proxy }
    assert.equal(await (await fetch(`${origin}/through-proxy`, { headers })).text(), `200 false behind <nil> asked ${count}`)
  }
  assert.deepEqual(new Set(asked), new Set([`${to}/x`]))
})

test('CheckRedirect sees each hop, contexts end calls, and both directions stream at once', needsGo, async t => {
  const up = await echoUpstream(t)
  const asked = deferred('the call that is given up')
  const ended = deferred('the call that was given up to end')
  const to = await plain(t, (req, res) => {
    if (req.url === '/one') res.writeHead(302, { Location: '/two' }).end()
    else if (req.url === '/two') res.writeHead(307, { Location: '/three' }).end()
    else if (req.url === '/never') {
      res.on('close', ended.resolve)
      asked.resolve()
    } else if (req.url === '/talk') {
      res.flushHeaders()
      req.pipe(res)
    } else res.end('there')
  })
  const { origin } = await openWithGo(
    t,
    endpointsOf(
      up.host,
      ['counts-redirects', 'cancelled', 'cancels'].map(name => client(name)).concat(client('both-ways', { method: 'POST' }))
    )
  )
  const at = (place: string): RequestInit => ({ headers: { 'X-To': `${to}${place}` } })
  assert.equal(await (await fetch(`${origin}/counts-redirects`, at('/one'))).text(), '200 false there <nil> hops 2')
  const cancelled = fetch(`${origin}/cancelled`, at('/never'))
  await asked.promise
  assert.equal(await (await fetch(`${origin}/cancels`)).text(), 'done')
  assert.match(await (await cancelled).text(), /context canceled context canceled$/)
  await ended.promise
  const gate = deferred('the first bytes to be back')
  const body = new ReadableStream({
    async start(controller) {
      controller.enqueue(Buffer.from('two '))
      await gate.promise
      controller.enqueue(Buffer.from('three'))
      controller.close()
    }
  })
  const talk = await fetch(`${origin}/both-ways`, { ...at('/talk'), method: 'POST', body, duplex: 'half' } as RequestInit)
  const reader = talk.body!.getReader()
  let said = ''
  const more = async (): Promise<boolean> => {
    const { done, value } = await within('more of the talk', reader.read())
    said += Buffer.from(value ?? []).toString()
    return !done
  }
  while (said.length < 8) await more()
  assert.equal(said, 'one two ')
  gate.resolve()
  while (await more());
  assert.equal(said, 'one two three')
})

test('in a chain of client plugins each factory gets its own name', needsGo, async t => {
  const up = await echoUpstream(t)
  const names = ['client-example', 'direct']
  const options = { name: names, 'client-example': { path: '/elsewhere' } }
  const backend = { host: [up.host], url_pattern: '/echo', extra_config: { 'plugin/http-client': options } }
  const { origin } = await openWithGo(t, [{ endpoint: '/chained', backend: [backend] }], {
    fixture: 'client-example',
    plugin: { modules: [path.join(await fixture('behaviours'), 'behaviours.so.wasm')] }
  })
  // the example refuses any name but its own at the start
  const echo = (await (await fetch(`${origin}/chained`)).json()) as { url: string }
  assert.equal(echo.url, '/echo')
  assert.deepEqual(up.calls, ['GET /echo'])
})
