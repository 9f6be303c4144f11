/** The tree that `check -d` prints: what was understood of a configuration. */

import type { BackendConfig, EndpointConfig, ExtraConfig, ServiceConfig } from '../config/types.js'

/** Describes a configuration; level 1 is short, 2 adds inherited values, 3 everything. */
export function describeConfig(config: ServiceConfig, level: number, indent: string): string {
  const tree = new Tree(level, indent)
  describeService(tree, config)
  tree.line(0, `${config.endpoints.length} API endpoint(s):`)
  for (const endpoint of config.endpoints) describeEndpoint(tree, endpoint)
  tree.line(0, '0 async agent(s):')
  return tree.text
}

/** Grows line by line; lines of a higher level than asked for are left out. */
class Tree {
  text = ''
  constructor(
    readonly level: number,
    readonly indent: string
  ) {}

  line(depth: number, text: string): void {
    this.text += `${this.indent.repeat(depth)}${text}\n`
  }

  /** A value that is shown from `level` on. */
  value(level: number, depth: number, name: string, value: string | number | boolean): void {
    if (this.level >= level) this.line(depth, `${name}: ${value}`)
  }

  /** A list with its size; at level 1 a list without entries is not shown. */
  list(level: number, depth: number, name: string, items: readonly string[]): void {
    if (this.level < level || (this.level === 1 && items.length === 0)) return
    this.line(depth, `${name} (${items.length}):`)
    for (const item of items) this.line(depth + 1, item)
  }

  components(depth: number, kind: string, extra: ExtraConfig): void {
    const names = Object.keys(extra)
    if (names.length === 0 && this.level < 2 && depth > 0) return
    this.line(depth, `${names.length} ${kind}component configuration(s):`)
    for (const name of names) {
      this.line(depth + 1, this.level >= 3 ? `- ${name}: ${JSON.stringify(extra[name])}` : `- ${name}`)
    }
  }
}

function describeService(tree: Tree, config: ServiceConfig): void {
  tree.line(0, 'Global settings')
  tree.value(1, 1, 'Name', config.name)
  tree.value(1, 1, 'Version', 3)
  tree.value(1, 1, 'Address', config.listenIp)
  tree.value(1, 1, 'Port', config.port)
  tree.value(2, 1, 'Default cache TTL', `${config.cacheTtlMs}ms`)
  tree.value(2, 1, 'Default timeout', `${config.timeoutMs}ms`)
  tree.value(2, 1, 'Output encoding', config.outputEncoding)
  tree.list(2, 1, 'Default backend hosts', config.hosts)
  tree.value(3, 1, 'Largest body held', `${config.maxBodyBytes} bytes`)
  const { tls, ...server } = config.server
  const { tls: clientTls, ...transport } = config.transport
  for (const [name, value] of Object.entries(server)) tree.value(3, 1, wordsOf(name), value)
  for (const [name, value] of Object.entries(transport)) tree.value(3, 1, wordsOf(name), value)
  tree.value(2, 1, 'TLS', tls === undefined ? 'off' : `${tls.minVersion} to ${tls.maxVersion}${tls.enableMtls ? ', mTLS' : ''}`)
  if (tls !== undefined)
    tree.list(
      3,
      1,
      'TLS keys',
      tls.keys.map(k => `${k.publicKey}, ${k.privateKey}`)
    )
  if (clientTls !== undefined) tree.value(3, 1, 'Client TLS', `${clientTls.minVersion} to ${clientTls.maxVersion}`)
  const plugin = config.plugin
  if (plugin !== undefined) tree.value(2, 1, 'Plugins', `${plugin.folder} (pattern: ${JSON.stringify(plugin.pattern)})`)
  tree.components(0, 'global ', config.extra)
}

function describeEndpoint(tree: Tree, endpoint: EndpointConfig): void {
  tree.line(1, `- ${endpoint.method} ${endpoint.path}`)
  tree.value(1, 2, 'Timeout', `${endpoint.timeoutMs}ms`)
  if (endpoint.broken !== undefined) tree.value(1, 2, 'Responds 500', endpoint.broken)
  tree.value(2, 2, 'Cache TTL', `${endpoint.cacheTtlMs}ms`)
  tree.value(2, 2, 'Output encoding', endpoint.outputEncoding)
  tree.value(3, 2, 'Concurrent calls', endpoint.concurrentCalls)
  tree.value(3, 2, 'Largest body held', `${endpoint.maxBodyBytes} bytes`)
  tree.list(1, 2, 'Query strings let through', endpoint.inputQueryStrings)
  tree.list(1, 2, 'Headers let through', endpoint.inputHeaders)
  tree.components(2, '', endpoint.extra)
  tree.line(2, `Connecting to ${endpoint.backends.length} backend(s):`)
  for (const backend of endpoint.backends) describeBackend(tree, backend)
}

function describeBackend(tree: Tree, backend: BackendConfig): void {
  tree.line(3, `[+] ${backend.method} ${backend.urlPattern}`)
  tree.value(1, 4, 'Timeout', `${backend.timeoutMs}ms`)
  tree.list(1, 4, 'Hosts', backend.hosts)
  tree.value(2, 4, 'Encoding', backend.encoding)
  tree.value(3, 4, 'Service discovery', backend.sd)
  tree.value(3, 4, 'Concurrent calls', backend.concurrentCalls)
  if (backend.isCollection) tree.value(2, 4, 'Collection', true)
  if (backend.target !== '') tree.value(2, 4, 'Target', backend.target)
  if (backend.group !== '') tree.value(2, 4, 'Group', backend.group)
  if (backend.allow.length > 0) tree.list(2, 4, 'Allow', backend.allow)
  if (backend.deny.length > 0) tree.list(2, 4, 'Deny', backend.deny)
  if (backend.mapping.length > 0)
    tree.list(
      2,
      4,
      'Mapping',
      backend.mapping.map(([from, to]) => `${from} -> ${to}`)
    )
  tree.components(4, '', backend.extra)
}

/** `readHeaderTimeoutMs` → `Read header timeout ms`. */
function wordsOf(name: string): string {
  const words = name.replace(/[A-Z]/g, c => ` ${c.toLowerCase()}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}
