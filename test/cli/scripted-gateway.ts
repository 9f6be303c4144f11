import type { GatewayModule, GatewaySettings, LintModule, RunnableGateway } from '../../src/cli/gateway-module.js'
import type { BackendConfig, EndpointConfig, ServiceConfig } from '../../src/config/types.js'
import type { ConfigProblem } from '../../src/errors.js'
import { createLogger } from '../../src/telemetry/create-logger.js'

const backend = {
  method: 'GET',
  urlPattern: '/u/{id}',
  timeoutMs: 2000,
  hosts: ['http://a:1', 'http://b:2'],
  encoding: 'json',
  sd: 'static',
  concurrentCalls: 1,
  isCollection: true,
  target: 'data',
  group: 'user',
  allow: ['id'],
  deny: ['secret'],
  mapping: [['id', 'key']],
  extra: { 'backend/http': { return_error_code: true } }
} as unknown as BackendConfig

const endpoint = {
  path: '/x/{id}',
  method: 'POST',
  timeoutMs: 2000,
  cacheTtlMs: 0,
  outputEncoding: 'json',
  concurrentCalls: 1,
  maxBodyBytes: 1024,
  inputHeaders: ['X-A'],
  inputQueryStrings: [],
  broken: 'no hosts available',
  extra: {},
  backends: [backend]
} as unknown as EndpointConfig

export const serviceConfig = {
  name: 'shop',
  listenIp: '127.0.0.1',
  port: 8080,
  cacheTtlMs: 0,
  timeoutMs: 2000,
  outputEncoding: 'json',
  hosts: ['http://a:1'],
  maxBodyBytes: 1024,
  server: {
    readTimeoutMs: 7,
    maxShutdownWaitMs: 0,
    tls: {
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      enableMtls: true,
      keys: [{ publicKey: 'cert.pem', privateKey: 'key.pem' }]
    }
  },
  transport: { dialerTimeoutMs: 0, tls: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' } },
  plugin: { folder: './p/', pattern: '.js' },
  extra: { router: { auto_options: true } },
  endpoints: [endpoint],
  problems: []
} as unknown as ServiceConfig

/** How the gateway of a test behaves. */
export interface Script {
  readonly createFails?: unknown
  readonly listenFails?: unknown
  readonly closeFails?: unknown
  /** Settles `close`. Default: at once, with everything drained. */
  readonly close?: () => Promise<boolean>
  readonly problems?: readonly ConfigProblem[]
  readonly lint?: readonly ConfigProblem[]
  readonly maxShutdownWaitMs?: number
  readonly onListening?: () => void
}

/** A gateway without sockets, and what was asked of it. */
export function scriptedGateway(script: Script, calls: unknown[] = []): GatewayModule & LintModule {
  return {
    async createGateway(file: string, settings: GatewaySettings): Promise<RunnableGateway> {
      calls.push(['create', file, { ...settings, ...(settings.logger === undefined ? {} : { logger: 'given' }) }])
      if (script.createFails !== undefined) throw script.createFails
      const server = { ...serviceConfig.server, maxShutdownWaitMs: script.maxShutdownWaitMs ?? 0 }
      return {
        config: { ...serviceConfig, server, problems: script.problems ?? [] },
        logger: settings.logger ?? createLogger(undefined).logger,
        async listen() {
          calls.push(['listen'])
          if (script.listenFails !== undefined) throw script.listenFails
          if (script.onListening !== undefined) setImmediate(script.onListening)
          return { port: 1 }
        },
        files: [],
        async reload() {
          calls.push(['reload'])
          return { summary: 'no differences', staleCode: [] }
        },
        async close() {
          calls.push(['close'])
          if (script.closeFails !== undefined) throw script.closeFails
          return script.close === undefined ? true : script.close()
        },
        describePipes({ width, colours, ...options } = {}) {
          calls.push(['describe', { width, colours }])
          if (options.json) return '{"pipes":[]}'
          if (options.dot) return 'digraph pipes\n'
          if (options.html) return '<!doctype html>\n'
          return options?.mermaid ? 'flowchart LR\n' : 'GET /x: passthrough\n'
        }
      }
    },
    async lintConfig(file, options) {
      calls.push(['lint', file, options])
      return script.lint ?? []
    }
  }
}
