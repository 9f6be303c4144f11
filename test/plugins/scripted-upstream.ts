/** An upstream for tests of components, and what their gateways say. */

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { createGateway } from '../../src/gateway.js'
import type { GatewayOptions } from '../../src/index.js'
import type { Gateway } from '../../src/running-gateway.js'
import { KeptLines } from '../support/open-gateway.js'
import { once } from '../support/waiting.js'

type Owner = Pick<TestContext, 'after'>

/** Listens on a free port of 127.0.0.1 until the test ends; answers its origin. */
export async function startUpstream(owner: Owner, answer: RequestListener = (_, res) => res.end('{"ok":true}')): Promise<string> {
  const server = createServer((req, res) => {
    res.setHeader('Content-Type', 'application/json')
    answer(req, res)
  })
  owner.after(() => {
    server.close()
    server.closeAllConnections()
  })
  server.keepAliveTimeout = 0 // a gateway that was held up finds its idle connections open
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A gateway in this process with the lines it wrote. */
export interface Built {
  readonly gateway: Gateway
  readonly log: KeptLines
}

/** Builds a gateway that is closed at the end of the test. */
export async function build(owner: Owner, config: object, options: GatewayOptions = {}): Promise<Built> {
  const log = new KeptLines()
  const gateway = await createGateway({ version: 3, timeout: '30s', ...config }, { env: {}, logOutput: log, ...options })
  owner.after(() => gateway.close({ graceMs: 1 }))
  return { gateway, log }
}

interface EndpointParts extends Record<string, unknown> {
  /** Its `extra_config`. */
  readonly extra?: object
  /** That of its backend. */
  readonly backendExtra?: object
  readonly url?: string
}

/** One endpoint with one backend; other keys are the endpoint's. */
export function endpoint(path: string, host: string, more: EndpointParts | object = {}): object {
  const { extra, backendExtra, url = '/up', ...rest } = more as EndpointParts
  return {
    endpoint: path,
    ...rest,
    ...(extra === undefined ? {} : { extra_config: extra }),
    backend: [{ host: [host], url_pattern: url, ...(backendExtra === undefined ? {} : { extra_config: backendExtra }) }]
  }
}

/** An origin that no test calls. */
export const NOWHERE = 'http://127.0.0.1:99'
