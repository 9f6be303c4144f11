/** The root object: global keys, then endpoints. */

import { isIP } from 'node:net'
import type { Steps } from '../../telemetry/in-turns.js'
import { readOutputEncoding } from '../encodings.js'
import { ExtraConfigReader } from '../extra-config.js'
import type { Findings } from '../findings.js'
import { deepFreeze } from '../json-value.js'
import { CORE_NAMESPACES, type NamespaceTable } from '../namespaces.js'
import { ObjectReader } from '../object-reader.js'
import { isRefusedPath } from '../path-params.js'
import { checkRoutes } from '../route-conflicts.js'
import { SUBSTITUTION_SWITCH } from '../source/env-substitution.js'
import type { EndpointConfig, ServiceConfig } from '../types.js'
import { readAdmin } from './admin-options.js'
import { readHosts } from './backend-keys.js'
import { readEndpoint } from './endpoint-keys.js'
import { readPlugins } from './plugin-keys.js'
import { checkedExtra } from './plugin-options.js'
import { optionsReader } from './proxy-options.js'
import { readRouter } from './router-options.js'
import { readServer, readTransport } from './transport-keys.js'

const DEFAULT_PORT = 8080
const DEFAULT_TIMEOUT_MS = 2000
const DEFAULT_MAX_BODY_BYTES = 10 * 1024 * 1024

/** What a load is told besides the text. */
export interface ServiceContext {
  readonly source: string
  readonly port: number | undefined
  readonly debug: boolean
  readonly namespaces: NamespaceTable
  /** Names of the encodings that code added. */
  readonly encodings: ReadonlySet<string>
  readonly ignoredEnv: readonly string[]
  readonly findings: Findings
}

/** Reads a whole configuration, an endpoint a step; what is wrong goes to `context.findings`. */
export function* readService(source: Record<string, unknown>, context: ServiceContext): Steps<ServiceConfig> {
  const { findings } = context
  const root = new ObjectReader(source, '', '', findings, 'weak')
  const version = root.integer('version', 0)
  if (version !== 3) findings.add('fatal', root.at('version'), `unsupported version: ${version} (want: 3)`, 'set "version": 3')
  const extra = new ExtraConfigReader([...CORE_NAMESPACES, ...context.namespaces], findings)
  const parts = extra.read(root, 'service')
  const router = readRouter(optionsReader(parts, 'router', findings))
  const timeoutMs = root.duration('timeout', 0) || DEFAULT_TIMEOUT_MS
  const cacheTtlMs = Math.max(0, root.duration('cache_ttl', 0))
  const hosts = readHosts(root, false)
  const { encodings } = context
  const outputEncoding = readOutputEncoding(root, encodings)
  const disableRest = root.boolean('disable_rest', false)
  const maxBodyBytes = root.count('max_body_bytes', 0) || DEFAULT_MAX_BODY_BYTES
  const endpoints: EndpointConfig[] = []
  const endpointContext = { timeoutMs, cacheTtlMs, outputEncoding, encodings, maxBodyBytes, hosts, disableRest, extra }
  for (const item of root.objects('endpoints')) {
    if (item !== undefined) endpoints.push(...readEndpoint(item, endpointContext).map(deepFreeze))
    yield
  }
  yield* checkRoutes(endpoints, disableRest, findings)
  if (!router.disableHealth) checkHealthPath(endpoints, router.healthPath, findings)
  const config: ServiceConfig = {
    source: context.source,
    name: root.string('name', ''),
    port: readPort(root, context.port),
    listenIp: readListenIp(root),
    timeoutMs,
    cacheTtlMs,
    hosts: hosts.hosts,
    outputEncoding: outputEncoding || 'json',
    server: readServer(root, router),
    transport: readTransport(root),
    router,
    plugin: readPlugins(root),
    debugEndpoint: root.boolean('debug_endpoint', false) || context.debug,
    echoEndpoint: root.boolean('echo_endpoint', false),
    admin: readAdmin(parts, findings),
    maxBodyBytes,
    disableRest,
    endpoints,
    extra: checkedExtra(parts, findings),
    problems: findings.problems,
    ignoredEnv: context.ignoredEnv,
    tolerant: findings.tolerant
  }
  checkAgents(root)
  root.boolean(SUBSTITUTION_SWITCH, false)
  root.ignore('sequential_start')
  root.finish()
  return config
}

function readPort(root: ObjectReader, wanted: number | undefined): number {
  const own = root.integer('port', 0) || DEFAULT_PORT
  const port = wanted ?? own
  if (port >= 0 && port <= 65_535) return port
  root.findings.add('fatal', root.at('port'), `listen tcp: address ${port}: invalid port`, 'give a number from 1 to 65535')
  return port
}

function readListenIp(root: ObjectReader): string {
  const text = root.string('listen_ip', '')
  if (text !== '' && isIP(text) === 0) {
    root.findings.add(
      'fatal',
      root.at('listen_ip'),
      `invalid ip address ${text}`,
      'give an IPv4 or IPv6 address, no name and no port'
    )
  }
  return text
}

function checkAgents(root: ObjectReader): void {
  for (const agent of root.objects('async_agent')) {
    if (agent === undefined) continue
    const suggestion = 'remove it, or start with --tolerant to leave it out'
    root.findings.add('error', agent.pointer, 'Sluice does not have async agents', suggestion)
  }
}

/** The health route is registered by the router itself; KrakenD panics when an endpoint takes its place. */
function checkHealthPath(endpoints: readonly EndpointConfig[], healthPath: string, findings: Findings): void {
  for (const endpoint of endpoints) {
    if (endpoint.method !== 'GET' || endpoint.path !== healthPath || isRefusedPath(endpoint.path)) continue
    const message = `handlers are already registered for path '${endpoint.ginPath}': it is the health_path of the router`
    findings.add('fatal', `${endpoint.pointer}/endpoint`, message, 'change one of the two')
  }
}
