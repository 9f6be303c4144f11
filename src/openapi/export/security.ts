/** What the endpoints ask of their clients, as security schemes: tokens of `auth/validator`, and certificates of mutual TLS. */

import { isObject } from '../../config/json-value.js'
import type { EndpointConfig, Json, ServiceConfig } from '../../config/types.js'
import type { EndpointDocumentation, ServiceDocumentation } from '../documentation.js'
import type { SecurityRequirement } from '../types.js'

const VALIDATOR = 'auth/validator'
const CLIENT_CERTIFICATE = 'ClientCertificate'

/** Collects the schemes that operations name. */
export class SecuritySchemes {
  private readonly service: ServiceDocumentation
  private readonly mutualTls: boolean
  private readonly used = new Map<string, Json>()

  constructor(config: ServiceConfig, service: ServiceDocumentation) {
    this.service = service
    this.mutualTls = config.server.tls?.enableMtls === true
  }

  /** Returns alternatives, one of which must hold; undefined when the endpoint is open to all. */
  of(endpoint: EndpointConfig, docs: EndpointDocumentation): readonly SecurityRequirement[] | undefined {
    const tokens = this.tokens(endpoint)
    const always: Record<string, readonly string[]> = {}
    for (const name of docs.securitySchemes) {
      const declared = this.service.securitySchemes[name]
      if (declared !== undefined) always[this.use(name, declared)] = []
    }
    if (this.mutualTls) always[this.use(CLIENT_CERTIFICATE, { type: 'mutualTLS' })] = []
    if (tokens.length > 0) return tokens.map(token => ({ ...token, ...always }))
    return Object.keys(always).length > 0 ? [always] : undefined
  }

  /** All that were named, and those that the service declares. */
  all(): { [name: string]: Json } {
    return { ...this.service.securitySchemes, ...Object.fromEntries(this.used) }
  }

  /** The token may come in a field or in a cookie. */
  private tokens({ extra }: EndpointConfig): SecurityRequirement[] {
    const options: unknown = extra[VALIDATOR]
    if (!isObject(options)) return []
    const text = (key: string): string => (typeof options[key] === 'string' ? (options[key] as string) : '')
    const { jwtKey, cookieName } = this.service
    const key = jwtKey.replace(/[^\w.-]/g, '-')
    const field = text('auth_header_name')
    const isBearer = field === '' || field.toLowerCase() === 'authorization'
    const scheme: Json = isBearer
      ? { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }
      : { type: 'apiKey', in: 'header', name: field }
    const asked = Array.isArray(options.scopes) ? options.scopes.filter(one => typeof one === 'string') : []
    const name = this.use(isBearer ? key : `${key}-${field.replace(/[^\w.-]/g, '-')}`, scheme)
    const cookie = text('cookie_key') || cookieName
    if (cookie === '') return [{ [name]: asked }]
    const inCookie = this.use(`${key}-cookie-${cookie.replace(/[^\w.-]/g, '-')}`, { type: 'apiKey', in: 'cookie', name: cookie })
    return [{ [name]: asked }, { [inCookie]: asked }]
  }

  private use(name: string, scheme: Json): string {
    this.used.set(name, scheme)
    return name
  }
}
