/** Go plugins for tests: compiled once for each state of their sources, kept between runs, skipped by name where there is no Go. */

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, rmdir } from 'node:fs/promises'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { parseArguments } from '../../../src/cli/arguments.js'
import { findCommand } from '../../../src/cli/commands.js'
import { buildPlugins } from '../../../src/cli/plugin-build/build.js'
import { Terminal } from '../../../src/cli/terminal.js'
import { type OpenGateway, openGateway } from '../../support/open-gateway.js'
import { once, until } from '../../support/waiting.js'
import { Collected } from '../../telemetry/collect.js'

const ROOT = path.resolve(import.meta.dirname, '../../..')
export const FIXTURES = path.join(ROOT, 'fixtures/go-plugins')

/** ms that Go may take for a plugin, its library included. */
const BUILD_MS = 300_000

function findGo(): string | undefined {
  for (const go of ['go', '/usr/local/go/bin/go']) {
    const { status, stdout } = spawnSync(go, ['env', 'GOVERSION'], { encoding: 'utf8' })
    if (status === 0) return `${go} ${stdout.trim()}`
  }
  if (process.env.CI !== undefined) throw new Error('Go is not there: the tests of Go plugins would be skipped')
  return undefined
}

const found = findGo()

/** The command; undefined = there is no Go. */
export const GO = found?.split(' ')[0]

/** For tests that compile. */
export const needsGo = { skip: GO === undefined ? 'there is no Go: https://go.dev/dl' : false, timeout: BUILD_MS }

/** Runs `sluice plugin build` and returns its exit code and what it printed. */
export async function runBuild(...args: string[]): Promise<{ status: number; text: string }> {
  let text = ''
  const print = (line: string): void => {
    text += `${line}\n`
  }
  const terminal = Object.assign(new Terminal(new Collected(), new Collected(), {}), {
    print,
    error: print,
    note: print,
    success: print
  })
  const command = findCommand('plugin')!
  const status = await buildPlugins(
    parseArguments(command, ['build', ...args, ...(args.includes('--go') ? [] : ['--go', GO ?? 'go'])]),
    terminal
  )
  return { status, text }
}

/** Returns the folder that holds a compiled fixture, `NAME.so.wasm`. */
export async function fixture(name: string): Promise<string> {
  const folder = path.join(tmpdir(), 'sluice-go-fixtures', keyOf(name))
  const file = path.join(folder, `${name}.so.wasm`)
  if (existsSync(file)) return folder
  await mkdir(path.dirname(folder), { recursive: true })
  const lock = `${folder}.lock`
  try {
    await mkdir(lock)
  } catch {
    // another test file builds it
    await until(() => existsSync(file) || !existsSync(lock), `the build of ${name}`, BUILD_MS)
    return existsSync(file) ? folder : fixture(name)
  }
  const work = await mkdtemp(`${folder}-`)
  try {
    const { status, text } = await runBuild(path.join(FIXTURES, name), '--out', `${work}/`)
    if (status !== 0) throw new Error(text)
    await rename(work, folder)
    return folder
  } finally {
    await rm(work, { recursive: true, force: true })
    await rmdir(lock)
  }
}

/** All that a compiled fixture depends on. */
function keyOf(name: string): string {
  const hash = createHash('sha256').update(found ?? '')
  for (const folder of [
    path.join(FIXTURES, name),
    path.join(ROOT, 'src/plugin/wasm/go'),
    path.join(ROOT, 'src/cli/plugin-build')
  ]) {
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
      const counts = /\.(?:go|ts)$|(?:^|\/)go\.mod$/.test(file)
      if (counts) hash.update(file).update(readFileSync(path.join(folder, file)))
    }
  }
  return hash.digest('hex').slice(0, 20)
}

// --- an upstream --------------------------------------------------------------------------------------------------

/** What {@link echoUpstream} was sent. */
export interface Echo {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
  /** The first 1000 characters. */
  readonly body: string
  readonly bytes: number
  readonly sha256: string
}

export interface EchoUpstream {
  readonly host: string
  readonly calls: string[]
}

/** Responds with what it was sent, or as the path says. */
export async function echoUpstream(t: TestContext): Promise<EchoUpstream> {
  const calls: string[] = []
  const server = createServer((req, res) => {
    calls.push(`${req.method} ${req.url}`)
    serve(req, res)
  })
  server.keepAliveTimeout = 0 // a gateway that was held up finds its idle connections open
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { host: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls }
}

async function digestOf(req: IncomingMessage): Promise<{ bytes: number; sha256: string; body: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  let body = ''
  for await (const chunk of req as AsyncIterable<Buffer>) {
    hash.update(chunk)
    bytes += chunk.length
    if (body.length < 1000) body += chunk.toString()
  }
  return { bytes, sha256: hash.digest('base64'), body: body.slice(0, 1000) }
}

const serve: RequestListener = (req, res) => {
  const url = new URL(req.url!, 'http://up')
  const { pathname } = url
  if (pathname.startsWith('/big')) {
    res.setHeader('Content-Type', 'application/octet-stream')
    const chunk = Buffer.alloc(65_536, 'b')
    for (let left = Number(url.searchParams.get('n')); left > 0; left -= chunk.length) res.write(chunk.subarray(0, left))
    res.end()
  } else if (pathname === '/cut') {
    res.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 200_000 })
    res.write('x'.repeat(100_000), () => res.destroy())
  } else if (pathname === '/stalls') {
    res.writeHead(200, { 'Content-Type': 'text/plain' })
    res.write('x'.repeat(1000))
  } else if (pathname === '/never') {
    // no response
  } else if (pathname === '/redirect') res.writeHead(302, { Location: '/echo/there' }).end()
  else if (pathname === '/flaky' && req.headers['x-try'] !== '2') res.writeHead(503).end('not yet')
  else if (pathname === '/token') res.end(req.headers['x-marked'] === 'yes' ? 'secret-token' : 'unmarked')
  else if (pathname === '/lines') {
    res.setHeader('Content-Type', 'text/plain')
    res.end('one\ntwo\n')
  } else if (pathname === '/packed-lines') {
    res.setHeader('Content-Encoding', 'x-own')
    res.end('one\n')
  } else if (pathname.startsWith('/things')) {
    res.setHeader('Content-Type', 'application/json')
    res.end('{"big":12345678901234567890,"price":1.10,"list":[1.0,{"deep":2e3}],"secret":"s","text":"t"}')
  } else {
    digestOf(req).then(
      ({ bytes, sha256, body }) => {
        const status = pathname.startsWith('/status/') ? Number(pathname.slice(8)) : 200
        res.writeHead(status, { 'Content-Type': 'application/json', 'X-Up': 'echo' })
        res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, body, bytes, sha256 }))
      },
      () => res.destroy()
    )
  }
}

// --- gateways -----------------------------------------------------------------------------------------------------

export interface GoEndpoint {
  readonly path: string
  readonly to?: string
  readonly method?: string
  /** A server plugin of the endpoint. */
  readonly server?: string
  /** Options of it. */
  readonly options?: object
  /** A client plugin of the backend. */
  readonly client?: string
  /** Modifiers of the endpoint, and of the backend. */
  readonly modifiers?: readonly string[]
  readonly backendModifiers?: readonly string[]
  /** Default: no-op. */
  readonly decoded?: boolean
  readonly timeout?: string
}

/** The configuration of endpoints over one upstream. */
export function endpointsOf(host: string, endpoints: readonly GoEndpoint[]): object[] {
  return endpoints.map(one => {
    const {
      path: endpoint,
      to = '/echo',
      method = 'GET',
      server,
      client,
      modifiers,
      backendModifiers,
      decoded = false,
      timeout
    } = one
    const encoding = decoded ? 'json' : 'no-op'
    return {
      endpoint,
      method,
      output_encoding: encoding,
      input_headers: ['*'],
      input_query_strings: ['*'],
      ...(timeout === undefined ? {} : { timeout }),
      extra_config: {
        ...(server === undefined ? {} : { 'plugin/http-server': { name: [server], [server]: one.options ?? {} } }),
        ...(modifiers === undefined ? {} : { 'plugin/req-resp-modifier': { name: modifiers, mark: 'cfg' } })
      },
      backend: [
        {
          host: [host],
          url_pattern: to,
          method,
          encoding,
          extra_config: {
            ...(client === undefined ? {} : { 'plugin/http-client': { name: client, [client]: {} } }),
            ...(backendModifiers === undefined ? {} : { 'plugin/req-resp-modifier': { name: backendModifiers } })
          }
        }
      ]
    }
  })
}

/** A gateway with the fixture `behaviours`, or another one. */
export async function openWithGo(
  t: TestContext,
  endpoints: readonly object[],
  more: { readonly root?: object; readonly fixture?: string; readonly plugin?: object } = {}
): Promise<OpenGateway> {
  const folder = await fixture(more.fixture ?? 'behaviours')
  const logging = { 'telemetry/logging': { level: 'DEBUG', stdout: true } }
  const { extra_config, ...root } = (more.root ?? {}) as { extra_config?: object }
  return openGateway(t, {
    plugin: { folder: `${folder}/`, pattern: '.so', ...more.plugin },
    ...root,
    extra_config: { ...logging, ...extra_config },
    endpoints
  })
}
