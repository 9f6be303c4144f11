import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import type { ServerTlsConfig } from '../../src/config/types.js'
import type { Listener } from '../../src/server/listener.js'
import type { CertificateFacts } from '../../src/telemetry/gateway-state.js'
import { certificate } from '../support/certificates.js'
import { once, until } from '../support/waiting.js'
import { DEFAULTS, echo, open } from './listening.js'

const ca = readFileSync(certificate('ca.pem'))

const TLS: Omit<ServerTlsConfig, 'keys'> = {
  caCerts: [],
  enableMtls: false,
  disableSystemCaPool: false,
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  curvePreferences: [],
  cipherSuites: []
}

interface Files {
  readonly folder: string
  readonly pair: { readonly publicKey: string; readonly privateKey: string }
  /** Puts another certificate with its key in place, each by rename. */
  put(name: string): Promise<void>
}

async function folderWith(t: TestContext, name: string): Promise<Files> {
  const folder = await mkdtemp(join(tmpdir(), 'certificates-'))
  t.after(() => rm(folder, { recursive: true }))
  const pair = { publicKey: join(folder, 'tls.pem'), privateKey: join(folder, 'tls.key') }
  const put = async (from: string): Promise<void> => {
    await copyFile(certificate(`${from}.key`), join(folder, 'new'))
    await rename(join(folder, 'new'), pair.privateKey)
    await copyFile(certificate(`${from}.pem`), join(folder, 'new'))
    await rename(join(folder, 'new'), pair.publicKey)
  }
  await put(name)
  return { folder, pair, put }
}

interface Watched {
  readonly listener: Listener
  readonly port: number
  readonly told: (readonly CertificateFacts[])[]
  readonly faults: Error[]
}

async function watching(t: TestContext, tls: ServerTlsConfig): Promise<Watched> {
  const told: (readonly CertificateFacts[])[] = []
  const faults: Error[] = []
  const { listener, port } = await open(t, { tls }, echo, {
    tlsWatchMs: 5,
    onCertificates: certificates => void told.push(certificates),
    onCertificateError: error => void faults.push(error)
  })
  return { listener, port, told, faults }
}

async function subjectAt(port: number, servername = 'a.test'): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', servername, ca, checkServerIdentity: () => undefined })
  await once(socket, 'secureConnect')
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return subject.CN as string
}

test('changed files are taken over, connections stay', async t => {
  const files = await folderWith(t, 'a')
  const { port, told } = await watching(t, { ...TLS, keys: [files.pair] })
  const kept = connect({ port, host: '127.0.0.1', servername: 'a.test', ca })
  t.after(() => void kept.destroy())
  await once(kept, 'secureConnect')
  const first = await subjectAt(port)
  await files.put('b')
  await until(() => told.length >= 2, 'the new certificate')
  assert.notEqual(await subjectAt(port), first)
  assert.notDeepEqual(told[0]![0]!.names, told.at(-1)![0]!.names)
  kept.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
  assert.match(String((await once<[Buffer]>(kept, 'data'))[0]), /200 OK/)
})

test('a link that is turned to another folder counts, as Kubernetes does it', async t => {
  const { folder } = await folderWith(t, 'a')
  for (const name of ['a', 'b']) {
    await mkdir(join(folder, `..${name}`))
    await copyFile(certificate(`${name}.pem`), join(folder, `..${name}`, 'secret.pem'))
    await copyFile(certificate(`${name}.key`), join(folder, `..${name}`, 'secret.key'))
  }
  await symlink('..a', join(folder, '..data'))
  await symlink('..data/secret.pem', join(folder, 'secret.pem'))
  await symlink('..data/secret.key', join(folder, 'secret.key'))
  const pair = { publicKey: join(folder, 'secret.pem'), privateKey: join(folder, 'secret.key') }
  const { port, told } = await watching(t, { ...TLS, keys: [pair] })
  const first = await subjectAt(port)
  await symlink('..b', join(folder, '..data_tmp'))
  await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  await until(() => told.length >= 2, 'the new certificate')
  assert.notEqual(await subjectAt(port), first)
})

test('broken files keep the certificate, are told once, and mended ones are used', async t => {
  const files = await folderWith(t, 'a')
  const { port, told, faults } = await watching(t, { ...TLS, keys: [files.pair] })
  const first = await subjectAt(port)
  await writeFile(join(files.folder, 'new'), 'no certificate')
  await rename(join(files.folder, 'new'), files.pair.publicKey)
  await until(() => faults.length === 1, 'the fault')
  assert.match(faults[0]!.message, /tls\.pem/)
  assert.equal(await subjectAt(port), first)
  await rm(files.pair.privateKey)
  await until(() => faults.length === 2, 'another fault')
  await files.put('b')
  await until(() => told.length >= 2, 'the new certificate')
  assert.notEqual(await subjectAt(port), first)
})

test('several certificates are chosen by name after a change too', async t => {
  const files = await folderWith(t, 'a')
  const other = { publicKey: certificate('b.pem'), privateKey: certificate('b.key') }
  const { listener, port } = await watching(t, { ...TLS, keys: [files.pair] })
  const names = { a: await subjectAt(port), b: await subjectAt(port, 'b.test') }
  assert.equal(names.a, names.b)
  const server = { ...DEFAULTS, tls: { ...TLS, keys: [files.pair, other] } }
  const change = await listener.change({ port: 0, listenIp: '127.0.0.1', server })
  change.commit()
  assert.equal(await subjectAt(port, 'unknown.test'), names.a, 'the first is the default')
  assert.notEqual(await subjectAt(port, 'b.test'), names.a)
})

test('a swap under load fails no handshake', async t => {
  const files = await folderWith(t, 'a')
  const { port, told } = await watching(t, { ...TLS, keys: [files.pair] })
  const agent = new Agent({ keepAlive: false, maxSockets: 4, maxCachedSessions: 8 })
  let stopped = false
  let shaken = 0
  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, agent, ca, servername: 'a.test', checkServerIdentity: () => undefined }
      request(options, res => res.resume().on('end', () => resolve()))
        .on('error', reject)
        .end()
      shaken++
    })
  const load = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!stopped) await ask()
    })
  )
  for (let turn = 0; turn < 10; turn++) {
    const [before, seen] = [told.length, shaken]
    await files.put(turn % 2 === 0 ? 'b' : 'a')
    await until(() => told.length > before && shaken > seen + 8, 'a swap under load')
  }
  stopped = true
  await load
})

test('clients whose authority was taken away have to prove themselves again', async t => {
  const files = await folderWith(t, 'a')
  const authorities = join(files.folder, 'ca.pem')
  await copyFile(certificate('ca.pem'), authorities)
  const tls = { ...TLS, keys: [files.pair], enableMtls: true, disableSystemCaPool: true, caCerts: [authorities] }
  const { port, told } = await watching(t, tls)
  const own = { cert: readFileSync(certificate('client.pem')), key: readFileSync(certificate('client.key')) }
  const client = connect({ port, host: '127.0.0.1', servername: 'a.test', ca, ...own })
  client.on('error', () => {})
  await once(client, 'secureConnect')
  client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
  await once(client, 'data')
  const closed = once(client, 'close')
  await copyFile(certificate('a.pem'), authorities)
  await until(() => told.length >= 2, 'the other authorities')
  await closed
})

test('switching the demand for certificates on ends what was let in without one', async t => {
  const files = await folderWith(t, 'a')
  const tls = { ...TLS, keys: [files.pair] }
  const { listener, port } = await watching(t, tls)
  const client = connect({ port, host: '127.0.0.1', servername: 'a.test', ca })
  client.on('error', () => {})
  await once(client, 'secureConnect')
  client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
  await once(client, 'data')
  const closed = once(client, 'close')
  const server = { ...DEFAULTS, tls: { ...tls, enableMtls: true, disableSystemCaPool: true, caCerts: [certificate('ca.pem')] } }
  const change = await listener.change({ port: 0, listenIp: '127.0.0.1', server })
  change.commit()
  await closed
  const stranger = connect({ port, host: '127.0.0.1', servername: 'a.test', ca })
  await assert.rejects(async () => {
    await once(stranger, 'secureConnect')
    stranger.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
    await once(stranger, 'data')
  })
})
