import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect, type SecureVersion, type TLSSocket } from 'node:tls'
import type { ServerTlsConfig } from '../../src/config/types.js'
import { createListener } from '../../src/server/listener.js'
import { certificate } from '../support/certificates.js'
import { skipTime } from '../support/time.js'
import { fetch, once, until, within } from '../support/waiting.js'
import { DEFAULTS, echo, open, SWEPT_OFTEN } from './listening.js'
import { exchange } from './raw-client.js'

const pair = (name: string): { publicKey: string; privateKey: string } => ({
  publicKey: certificate(`${name}.pem`),
  privateKey: certificate(`${name}.key`)
})
const ca = readFileSync(certificate('ca.pem'))

const TLS: ServerTlsConfig = {
  keys: [pair('a')],
  caCerts: [],
  enableMtls: false,
  disableSystemCaPool: false,
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  curvePreferences: [],
  cipherSuites: []
}

type Fields = Record<string, unknown>

function get(port: number, path: string, more: object = {}): Promise<string> {
  const answer = new Promise<string>((resolve, reject) => {
    const req = request({ port, host: '127.0.0.1', servername: 'a.test', path, ca, agent: false, ...more }, res => {
      let text = `${res.statusCode} `
      res.on('data', chunk => {
        text += chunk
      })
      res.on('end', () => resolve(text))
    })
    req.on('error', reject)
    req.end()
  })
  return within(`the answer to ${path}`, answer)
}

async function subjectFor(port: number, servername: string): Promise<string> {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', servername, ca, checkServerIdentity: () => undefined })
  await once(socket, 'secureConnect')
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return subject.CN as string
}

test('serves HTTP/1.1 over TLS', async t => {
  const { port } = await open(t, { tls: TLS })
  assert.equal(await get(port, '/x'), '200 GET /x <>')
})

test('serves HTTP/2 by ALPN with fields in the shape of HTTP/1', async t => {
  let seen: string[] = []
  const { port, listener } = await open(t, { tls: TLS }, (req, res) => {
    seen = [...req.rawHeaders, String(req.headers.host)]
    echo(req, res)
  })
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca, servername: 'a.test' })
  session.on('error', () => {})
  t.after(() => session.destroy())
  const stream = session.request({ ':method': 'POST', ':path': '/h2?x=1', cookie: ['a=1', 'b=2'], 'x-a': 'v' })
  stream.setEncoding('utf8').end('hello')
  let text = ''
  for await (const chunk of stream) text += chunk
  assert.equal(text, 'POST /h2?x=1 <hello>')
  const host = `a.test:${port}`
  assert.deepEqual(seen, ['host', host, 'cookie', 'a=1; b=2', 'x-a', 'v', 'transfer-encoding', 'chunked', host])
  const drained = listener.drain(0)
  await once(session, 'close')
  assert.equal(await drained, true)
})

test('refuses CONNECT and two authorities over HTTP/2', async t => {
  const { port, infos } = await open(t, { tls: TLS })
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca, servername: 'a.test' })
  t.after(() => session.destroy())
  for (const [head, status] of [
    [{ ':method': 'CONNECT', ':authority': 'x:1' }, 404],
    [{ ':path': '/', ':authority': 'a.test', host: 'other.test' }, 400]
  ] as const) {
    const stream = session.request(head)
    stream.on('error', () => {})
    const [fields] = await once<[Fields]>(stream, 'response')
    assert.equal(fields[':status'], status)
    stream.close()
  }
  assert.deepEqual(
    infos.map(info => info.status),
    [404, 400]
  )
})

test('answers 500 over HTTP/2 for a handler that throws', async t => {
  const { port, errors } = await open(t, { tls: TLS }, () => {
    throw new Error('oops')
  })
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca, servername: 'a.test' })
  t.after(() => session.destroy())
  const [fields] = await once<[Fields]>(session.request({ ':path': '/' }), 'response')
  assert.equal(fields[':status'], 500)
  assert.equal((errors[0] as Error).message, 'oops')
})

test('has the time limits over HTTP/2', async t => {
  const skip = skipTime(t)
  const limits = { ...SWEPT_OFTEN, useH2c: true, readTimeoutMs: 60_000, writeTimeoutMs: 90_000, idleTimeoutMs: 120_000 }
  const arrived: string[] = []
  const { port, infos } = await open(t, limits, (req, res) => {
    req.on('error', () => {})
    if (req.method === 'GET') res.write('never ends')
    arrived.push(req.method!)
  })
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  t.after(() => session.destroy())
  const upload = session.request({ ':method': 'POST', ':path': '/' })
  upload.on('error', () => {})
  upload.write('x')
  const response = once<[Fields]>(upload, 'response')
  await until(() => arrived.includes('POST'), 'the upload')
  skip(60_000)
  const [fields] = await response
  assert.equal(fields[':status'], 408)
  assert.equal(infos[0]!.code, 'SLUICE_ERR_CLIENT_TIMEOUT')
  upload.destroy()
  const download = session.request({ ':path': '/' })
  download.on('error', () => {})
  download.resume()
  await until(() => arrived.includes('GET'), 'the download')
  skip(90_000)
  await within('the end of the answer', new Promise(resolve => download.once('close', resolve))) // also with an error
  await until(() => {
    skip(60_000)
    return session.destroyed
  }, 'the end of the session')
})

test('asks for an HTTP/2 body only when a stage reads it', async t => {
  const { port } = await open(t, { useH2c: true }, (req, res) => {
    if (req.url === '/no') res.writeHead(401).end()
    else echo(req, res)
  })
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  t.after(() => session.destroy())
  const asked = session.request({ ':method': 'POST', ':path': '/yes', expect: '100-continue' })
  await once(asked, 'continue')
  asked.setEncoding('utf8').end('hello')
  let text = ''
  for await (const chunk of asked) text += chunk
  assert.equal(text, 'POST /yes <hello>')
  const refused = session.request({ ':method': 'POST', ':path': '/no', expect: '100-continue' })
  refused.on('continue', () => assert.fail('asked'))
  const [fields] = await once<[Fields]>(refused, 'response')
  assert.equal(fields[':status'], 401)
})

test('serves cleartext HTTP/2 and HTTP/1 on one port when asked to', async t => {
  const { port } = await open(t, { useH2c: true })
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  t.after(() => session.destroy())
  const stream = session.request({ ':path': '/two' })
  let text = ''
  for await (const chunk of stream) text += chunk
  assert.equal(text, 'GET /two <>')
  const answer = await fetch(`http://127.0.0.1:${port}/one`, { headers: { connection: 'close' } })
  assert.equal(await answer.text(), 'GET /one <>')
})

test('ends cleartext connections that say nothing or break', async t => {
  const { port, listener } = await open(t, { useH2c: true, readHeaderTimeoutMs: 1000 })
  const { RawClient } = await import('./raw-client.js')
  const silent = await RawClient.open(port)
  const partial = await RawClient.open(port)
  partial.send('PRI')
  const gone = await RawClient.open(port)
  gone.socket.end()
  for (const client of [silent, partial, gone]) assert.equal(await client.ended(), '')
  assert.equal(await listener.drain(0), true)
})

test('serves cleartext connections whose first bytes come one by one', async t => {
  const { port, listener } = await open(t, { useH2c: true, readHeaderTimeoutMs: 60_000 })
  const { RawClient } = await import('./raw-client.js')
  const split = await RawClient.open(port)
  split.send('G')
  await new Promise(setImmediate)
  split.send('ET /split HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.match(await split.ended(), /GET \/split <>/)
  assert.equal(await listener.drain(0), true)
})

test('chooses the certificate by server name', async t => {
  const { port } = await open(t, { tls: { ...TLS, keys: [pair('a'), pair('b')] } })
  assert.equal(await subjectFor(port, 'b.test'), 'b.test')
  assert.equal(await subjectFor(port, 'WWW.b.test'), 'b.test')
  assert.equal(await subjectFor(port, 'a.test'), 'a.test')
  assert.equal(await subjectFor(port, 'other.test'), 'a.test')
})

test('a TLS 1.2 session resumes under no other server name; TLS 1.3 alone resumes', async t => {
  const mixed = await open(t, { tls: { ...TLS, minVersion: 'TLSv1.2' } })
  const several = await open(t, { tls: { ...TLS, keys: [pair('a'), pair('b')], minVersion: 'TLSv1.2' } })
  const modern = await open(t, { tls: TLS })
  const resumed = async (port: number, version: SecureVersion, first: string, second: string): Promise<boolean> => {
    const { session } = await handshake(port, first, version)
    return (await handshake(port, second, version, session)).reused
  }
  assert.equal(await resumed(several.port, 'TLSv1.2', 'a.test', 'b.test'), false)
  assert.equal(await resumed(mixed.port, 'TLSv1.2', 'a.test', 'localhost'), false, 'another name of the same certificate')
  assert.equal(await resumed(modern.port, 'TLSv1.3', 'a.test', 'a.test'), true)
})

/** One request on a connection of its own. */
async function handshake(
  port: number,
  servername: string,
  version: SecureVersion,
  session?: Buffer
): Promise<{ session: Buffer | undefined; reused: boolean }> {
  const socket = connect({ port, host: '127.0.0.1', servername, ca, session, minVersion: version, maxVersion: version })
  let latest: Buffer | undefined
  socket.on('session', given => {
    latest = given
  })
  await once(socket, 'secureConnect')
  socket.write('GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n')
  await once(socket, 'data')
  const reused = socket.isSessionReused()
  socket.destroy()
  return { session: latest, reused }
}

test('asks clients for a certificate with enable_mtls', async t => {
  const { port } = await open(t, {
    tls: { ...TLS, enableMtls: true, disableSystemCaPool: true, caCerts: [certificate('ca.pem')] }
  })
  await assert.rejects(get(port, '/x'))
  const own = { cert: readFileSync(certificate('client.pem')), key: readFileSync(certificate('client.key')) }
  assert.equal(await get(port, '/x', own), '200 GET /x <>')
})

test('keeps to the versions of the configuration and reports failed handshakes', async t => {
  const { port, infos } = await open(t, { tls: TLS })
  await assert.rejects(get(port, '/x', { maxVersion: 'TLSv1.2' }))
  assert.equal(infos[0]!.status, 0)
  const old = await open(t, { tls: { ...TLS, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } })
  assert.equal(await get(old.port, '/x', { maxVersion: 'TLSv1.2' }), '200 GET /x <>')
})

test('tells a client that speaks cleartext HTTP that the port is for TLS', async t => {
  const { port, infos } = await open(t, { tls: TLS })
  assert.match(
    await exchange(port, 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'),
    /^HTTP\/1\.1 400 [\s\S]*Client sent an HTTP request to an HTTPS server\.$/
  )
  assert.deepEqual([infos[0]!.status, infos[0]!.detail], [400, 'ERR_SSL_HTTP_REQUEST'])
  assert.equal(await exchange(port, 'no TLS and no HTTP\r\n\r\n'), '')
})

async function failure(t: TestContext, tls: Partial<ServerTlsConfig>): Promise<string> {
  const listener = createListener({ server: { ...DEFAULTS, tls: { ...TLS, ...tls } }, port: 0, listenIp: '127.0.0.1' }, echo)
  t.after(() => listener.destroy())
  try {
    await listener.listen()
  } catch (error) {
    assert.equal((error as { code: string }).code, 'SLUICE_ERR_CONFIG_LISTEN')
    return (error as Error).message
  }
  return assert.fail('listened')
}

test('names the file of what is wrong before the port opens', async t => {
  assert.equal(await failure(t, { keys: [] }), 'tls: public key not defined')
  assert.equal(await failure(t, { keys: [{ publicKey: certificate('a.pem'), privateKey: '' }] }), 'tls: private key not defined')
  assert.equal(
    await failure(t, { keys: [{ publicKey: '/nope.pem', privateKey: '/nope.key' }] }),
    'tls: open /nope.pem: no such file or directory'
  )
  assert.match(
    await failure(t, { keys: [{ publicKey: certificate('broken.pem'), privateKey: certificate('a.key') }] }),
    /broken\.pem/
  )
  assert.match(
    await failure(t, { keys: [{ publicKey: certificate('a.pem'), privateKey: certificate('b.key') }] }),
    /a\.pem with .*b\.key/
  )
  const folder = await mkdtemp(join(tmpdir(), 'pairs-'))
  t.after(() => rm(folder, { recursive: true }))
  const put = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  const chain = await put(
    'chain.pem',
    readFileSync(certificate('ca.pem'), 'latin1') + readFileSync(certificate('a.pem'), 'latin1')
  )
  assert.match(
    await failure(t, { keys: [{ publicKey: chain, privateKey: certificate('a.key') }] }),
    /chain\.pem: the certificate of the server has to stand first/
  )
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const secret = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  assert.match(
    await failure(t, { keys: [{ publicKey: certificate('a.pem'), privateKey: await put('secret.key', secret as string) }] }),
    /secret\.key: the private key is encrypted/
  )
  assert.match(await failure(t, { cipherSuites: [1] }), /unknown cipher suite 1/)
  assert.match(await failure(t, { enableMtls: true, caCerts: ['/nope.pem'] }), /open \/nope\.pem/)
})
