/**
 * The OpenAPI room, inwards: an OpenAPI document (3.0 to 3.2) in, a configuration to start from out.
 *
 * Each operation becomes a pass-through endpoint on the same path, in front of the document's server. What the document asks of clients is
 * checked where the gateway can: bodies by their schema, tokens by `auth/validator`. The rest is a note.
 */

import { cleanHost } from '../../config/hosts.js'
import { isObject } from '../../config/json-value.js'
import type { Json, JsonObject } from '../../config/types.js'
import { ConfigError, type ConfigProblem } from '../../errors.js'
import { serviceDocumentation } from './documentation.js'
import { importOperation, type OperationContext } from './operation.js'
import { EndpointPaths } from './paths.js'
import { escaped, readDocument, type SoundDocument } from './read-document.js'
import { follow, membersOf, textOf } from './references.js'
import { UNKNOWN_KEYS } from './security.js'
import { type Base, baseOf } from './server-url.js'

export interface ImportOptions {
  /** Where the backend is, in place of the document's servers. */
  readonly host?: string
  /** The keys of tokens. */
  readonly jwkUrl?: string
}

export interface Imported {
  /** In KrakenD's form. */
  readonly config: { readonly version: 3; readonly endpoints: readonly JsonObject[]; readonly [key: string]: Json }
  /** What the configuration does not do as the document says. */
  readonly notes: readonly ConfigProblem[]
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete']
const OTHER_METHODS = ['head', 'options', 'trace', 'query']
const RESERVED = /^\/__(debug|echo|health)(\/|$)/

/** KrakenD takes no address of IPv6 and no port of one digit, unless it is told to take hosts as they are. */
function hostSwitch(origin: string): { readonly disable_host_sanitize?: true } {
  return cleanHost(origin)?.host !== origin ? { disable_host_sanitize: true } : {}
}

/** The path itself, and the names of the query strings that it holds. */
function splitQuery(path: string): [plain: string, query: readonly string[]] {
  const [plain = '', ...query] = path.split('?')
  return [plain, [...new Set(new URLSearchParams(query.join('?')).keys())]]
}

/** @throws ConfigError when the document has faults, or names no server */
export async function importOpenApi(file: string, options: ImportOptions = {}): Promise<Imported> {
  const document = await readDocument(file)
  return new DocumentReader(document, options).read()
}

class DocumentReader {
  private readonly document: SoundDocument
  private readonly options: ImportOptions
  private readonly notes: ConfigProblem[] = []
  private readonly paths = new EndpointPaths()
  /** `GET /x` of the endpoints so far. */
  private readonly taken = new Set<string>()
  private isPartial = false
  private asksForTokens = false

  constructor(document: SoundDocument, options: ImportOptions) {
    this.document = document
    this.options = options
  }

  read(): Imported {
    const { root } = this.document
    // paths with a query come last: where the path without it is there too, that one stays
    const paths = membersOf(root.paths).sort(([a], [b]) => Number(a.includes('?')) - Number(b.includes('?')))
    const endpoints = paths.flatMap(([path, item]) => this.pathItem(path, item))
    for (const [name] of membersOf(root.webhooks)) {
      this.note(`/webhooks/${escaped(name)}`, 'a webhook is a call of the backend to its clients: it is left out')
    }
    if (this.asksForTokens && this.options.jwkUrl === undefined) {
      const message = `the document does not say where the keys of its tokens are: ${UNKNOWN_KEYS} stands in their place, and no token is valid`
      this.note('/components/securitySchemes', message, 'give --jwk-url, or fill in jwk_url')
    }
    if (this.asksForTokens && this.options.jwkUrl?.startsWith('http:')) {
      const message = 'the keys of tokens come over http: who stands between can sign tokens of their own'
      this.note('/components/securitySchemes', message, 'give an https URL')
    }
    const info = follow(root.info, root)
    const config = {
      $schema: './node_modules/sluice/schema/sluice.schema.json',
      version: 3 as const,
      name: textOf(info.title) || 'API',
      ...(this.isPartial ? { disable_rest: true } : {}),
      extra_config: { 'documentation/openapi': serviceDocumentation(this.document) },
      endpoints
    }
    return { config, notes: this.notes }
  }

  private pathItem(path: string, value: Json): JsonObject[] {
    const { root } = this.document
    const item = follow(value, root)
    const pointer = `/paths/${escaped(path)}`
    for (const method of OTHER_METHODS) {
      if (item[method] !== undefined)
        this.note(`${pointer}/${method}`, `endpoints have no ${method.toUpperCase()}: the operation is left out`)
    }
    return METHODS.flatMap(method => {
      const operation = item[method]
      if (!isObject(operation)) return []
      const at = `${pointer}/${method}`
      const base = this.base([operation as JsonObject, item, root], at)
      if (base === undefined) return []
      const [plain, query] = splitQuery(path)
      const { path: endpoint, names, isPartial } = this.paths.add(`${base.path}${plain}`)
      if (RESERVED.test(endpoint)) {
        this.note(at, `the path ${endpoint} is the gateway's own: the operation is left out`)
        return []
      }
      const name = `${method.toUpperCase()} ${endpoint}`
      if (this.taken.has(name)) {
        this.note(at, `there is an endpoint ${name} already: the operation is left out`)
        return []
      }
      this.taken.add(name)
      if (query.length > 0)
        this.note(at, `no path of an endpoint holds a query: it is ${endpoint}, which lets ${query.join(', ')} through`)
      this.isPartial ||= isPartial
      const context: OperationContext = {
        document: this.document,
        item,
        jwkUrl: this.options.jwkUrl,
        pointer: at,
        names,
        note: (where, message, suggestion) => this.note(where, message, suggestion)
      }
      const imported = importOperation(operation as JsonObject, context)
      if (imported.asksForTokens) this.asksForTokens = true
      const { input_headers, extra_config } = imported
      const input_query_strings = [...new Set([...imported.input_query_strings, ...query])]
      return [
        {
          endpoint,
          method: method.toUpperCase(),
          output_encoding: 'no-op',
          ...(input_headers.length === 0 ? {} : { input_headers }),
          ...(input_query_strings.length === 0 ? {} : { input_query_strings }),
          backend: [{ host: [base.origin], ...hostSwitch(base.origin), url_pattern: endpoint, encoding: 'no-op' }],
          extra_config
        }
      ]
    })
  }

  /** The first server of the innermost object that has some; undefined for one that is no server, of an operation or path. */
  private base(owners: readonly JsonObject[], pointer: string): Base | undefined {
    const { file, root, locate } = this.document
    const servers = owners.map(one => one.servers).find(one => Array.isArray(one) && one.length > 0)
    const base = baseOf(follow((servers as readonly Json[] | undefined)?.[0], root), this.options.host)
    if (typeof base !== 'string') return base
    const where = servers === root.servers && servers !== undefined ? '/servers' : pointer
    if (servers !== root.servers) {
      this.note(where, `${base}: the operation is left out`, 'give --host http://name:8080')
      return undefined
    }
    throw new ConfigError([
      locate({ level: 'error', file, pointer: where, message: base, suggestion: 'give --host http://name:8080' })
    ])
  }

  private note(pointer: string, message: string, suggestion?: string): void {
    const { file, locate } = this.document
    const hint = suggestion === undefined ? {} : { suggestion }
    this.notes.push(locate({ level: 'warning', file, pointer, message, ...hint }))
  }
}
