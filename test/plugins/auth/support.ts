/** Keys, tokens and servers for the tests of the auth components. */

import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import * as jose from 'jose'
import { once } from '../../support/waiting.js'

export const certs = new URL('../../server/certs/', import.meta.url)
export const certText = (name: string): string => readFileSync(new URL(name, certs), 'utf8')

export interface TestKeys {
  readonly rsa: jose.CryptoKey
  readonly ec: jose.CryptoKey
  readonly secret: Uint8Array
  /** Public keys `rsa` and `ec`, shared secret `hs`. */
  readonly publicSet: { keys: Record<string, unknown>[] }
  /** The same with the private parts. */
  readonly privateSet: { keys: Record<string, unknown>[] }
}

export async function makeKeys(): Promise<TestKeys> {
  const rsa = await jose.generateKeyPair('RS256', { extractable: true })
  const ec = await jose.generateKeyPair('ES256', { extractable: true })
  const secret = new Uint8Array(32).fill(7)
  const hs = { kty: 'oct', k: jose.base64url.encode(secret), kid: 'hs', alg: 'HS256' }
  const name = (jwk: jose.JWK, kid: string): Record<string, unknown> => ({ ...jwk, kid, use: 'sig' })
  return {
    rsa: rsa.privateKey,
    ec: ec.privateKey,
    secret,
    publicSet: { keys: [name(await jose.exportJWK(rsa.publicKey), 'rsa'), name(await jose.exportJWK(ec.publicKey), 'ec'), hs] },
    privateSet: { keys: [name(await jose.exportJWK(rsa.privateKey), 'rsa'), name(await jose.exportJWK(ec.privateKey), 'ec'), hs] }
  }
}

export const seconds = (): number => Math.floor(Date.now() / 1000)

/** Signs claims; `exp` in an hour unless given. */
export function sign(
  claims: Record<string, unknown>,
  key: jose.CryptoKey | Uint8Array,
  header: jose.JWTHeaderParameters = { alg: 'RS256', kid: 'rsa' }
): Promise<string> {
  return new jose.SignJWT({ exp: seconds() + 3600, ...claims }).setProtectedHeader(header).sign(key)
}

type Owner = Pick<TestContext, 'after'>

async function listen(owner: Owner, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  owner.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

export interface TestServer {
  readonly url: string
  readonly requests: { readonly url: string; readonly headers: IncomingMessage['headers'] }[]
}

/** A server that keeps what it was asked. */
export async function serve(owner: Owner, answer: RequestListener): Promise<TestServer> {
  const requests: TestServer['requests'] = []
  const server = createServer((req, res) => {
    requests.push({ url: req.url!, headers: req.headers })
    answer(req, res)
  })
  return { url: `http://127.0.0.1:${await listen(owner, server)}`, requests }
}

/** The same with the certificate of `localhost`, whose authority is `ca.pem`. */
export async function serveTls(owner: Owner, answer: RequestListener): Promise<TestServer> {
  const requests: TestServer['requests'] = []
  const server = createTlsServer({ key: certText('a.key'), cert: certText('a.pem') }, (req, res) => {
    requests.push({ url: req.url!, headers: req.headers })
    answer(req, res)
  })
  return { url: `https://localhost:${await listen(owner, server as unknown as Server)}`, requests }
}

export function sendJson(res: ServerResponse, value: unknown, status = 200): void {
  res.writeHead(status, { 'content-type': 'application/json' })
  res.end(JSON.stringify(value))
}

/** An upstream that sends back what it got: method, path and headers. */
export function serveEcho(owner: Owner): Promise<TestServer> {
  return serve(owner, (req, res) => sendJson(res, { method: req.method, path: req.url, headers: req.headers }))
}
