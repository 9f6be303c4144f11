/**
 * `security/http`: serves known hosts only, over encrypted connections only, and tells browsers what to refuse.
 *
 * In: requests for endpoints and for paths that do not exist. Out: 500 `Bad Host`, 301 to https, or the response with its
 * security fields, which take the place of those that an upstream sent.
 */

import {
  defineComponent,
  type Follower,
  type GatewayRequest,
  GatewayResponse,
  HeaderMap,
  type OptionReader,
  type SlottedFollow
} from 'sluice/plugin'
import { onTheWire } from '../../_shared/on-the-wire.js'
import { flag, textsOrNone } from '../../_shared/option-types.js'
import { compilePattern, type Pattern } from '../../_shared/re2.js'
import { compileFields, compileHostPatterns, compileHosts, compileSts, redirectBody } from './rules.js'

const text = (description: string) => ({ type: 'string', default: '', description }) as const

const SCHEMA = {
  type: 'object',
  description: 'Known hosts, encrypted connections, security headers',
  properties: {
    allowed_hosts: textsOrNone('Hosts that are served, with their port; none = all'),
    allowed_hosts_are_regex: flag('The hosts are regular expressions (RE2), without regard to case'),
    host_proxy_headers: textsOrNone('Headers that may have the host, the first that is there counts'),
    ssl_redirect: flag('Sends requests over plain connections to https'),
    ssl_host: text('The host of that address; default: the one of the request'),
    ssl_proxy_headers: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description: 'Headers and values that say that the client came over https'
    },
    sts_seconds: { type: 'integer', minimum: 0, default: 0, description: 'Strict-Transport-Security: max-age; 0 = none' },
    sts_include_subdomains: flag('Strict-Transport-Security: also for subdomains'),
    force_sts_header: flag('Strict-Transport-Security also over plain connections'),
    frame_deny: flag('X-Frame-Options: DENY'),
    custom_frame_options_value: text('X-Frame-Options: this value'),
    content_type_nosniff: flag('X-Content-Type-Options: nosniff'),
    browser_xss_filter: flag('X-XSS-Protection: 1; mode=block'),
    content_security_policy: text('Content-Security-Policy: this value'),
    referrer_policy: text('Referrer-Policy: this value'),
    hpkp_public_key: text('Accepted and without effect: browsers gave up key pinning'),
    is_development: flag('Leaves out hosts, redirects and Strict-Transport-Security')
  },
  additionalProperties: false
} as const

export default defineComponent({
  namespace: 'security/http',
  scopes: ['service'],
  slots: { service: 'inner/security' },
  needs: 'head',
  guard: true,
  lacks: 'single endpoints (Enterprise)',
  schema: SCHEMA,
  async compile(options, context) {
    const tag = `${context.tag}[HTTPsecure]`
    if (options.text('hpkp_public_key', '', '') !== '')
      context.logger.warning(`${tag} hpkp_public_key has no effect: browsers gave up key pinning`)
    return [{ slot: 'inner/security', follow: protect(await readPlan(options)) }]
  }
})

interface Plan {
  /** Undefined = every host is served. */
  readonly servesHost: ((host: string) => boolean) | undefined
  readonly hostHeaders: readonly string[]
  readonly sslRedirect: boolean
  /** '' = the host of the request. */
  readonly sslHost: string
  readonly sslProxyHeaders: readonly (readonly [name: string, value: string])[]
  readonly forceSts: boolean
  readonly fields: readonly string[]
  readonly encryptedFields: readonly string[]
}

async function readPlan(options: OptionReader): Promise<Plan> {
  const development = options.flag('is_development', false, false)
  const rules = {
    stsSeconds: development ? 0 : Math.max(0, options.integer('sts_seconds', 0, 0)),
    stsIncludeSubdomains: options.flag('sts_include_subdomains', false, false),
    frameDeny: options.flag('frame_deny', false, true),
    customFrameOptions: fieldValue(options, 'custom_frame_options_value'),
    contentTypeNosniff: options.flag('content_type_nosniff', false, true),
    browserXssFilter: options.flag('browser_xss_filter', false, true),
    contentSecurityPolicy: fieldValue(options, 'content_security_policy'),
    referrerPolicy: fieldValue(options, 'referrer_policy')
  }
  const fields = compileFields(rules)
  const hosts = await readHosts(options)
  return {
    servesHost: development ? undefined : hosts,
    hostHeaders: options.fieldNames('host_proxy_headers', [], []),
    sslRedirect: options.flag('ssl_redirect', false, true) && !development,
    sslHost: options.text('ssl_host', '', ''),
    sslProxyHeaders: [...options.fieldMap('ssl_proxy_headers')],
    forceSts: options.flag('force_sts_header', false, false),
    fields,
    encryptedFields: [...compileSts(rules), ...fields]
  }
}

/** A value that may stand in a header. */
function fieldValue(options: OptionReader, key: string): string {
  const value = onTheWire(options.text(key, '', ''))
  try {
    new HeaderMap().set('X', value)
    return value
  } catch {
    options.report(`/${key}`, 'not the value of a header: it has a line break or another character that may not stand there')
    return ''
  }
}

async function readHosts(options: OptionReader): Promise<((host: string) => boolean) | undefined> {
  const hosts = options.texts('allowed_hosts', [], UNREADABLE)
  if (hosts.length === 0 && hosts !== UNREADABLE) return undefined
  if (!options.flag('allowed_hosts_are_regex', false, false)) return compileHosts(hosts)
  const patterns: Pattern[] = []
  for (const [index, host] of hosts.entries()) {
    try {
      patterns.push(await compilePattern(`(?i)${host}`))
    } catch (cause) {
      options.fail(`/allowed_hosts/${index}`, `not a regular expression (RE2): ${(cause as Error).message}`)
    }
  }
  return compileHostPatterns(patterns)
}

/** A list of hosts that could not be read: then none is served. */
const UNREADABLE: readonly string[] = []

function protect(plan: Plan): SlottedFollow['follow'] {
  const { servesHost, sslRedirect, forceSts } = plan
  const marks = markingWith(plan.fields)
  const encryptedMarks = markingWith(plan.encryptedFields)
  return request => {
    if (servesHost !== undefined && !servesHost(hostOf(request, plan.hostHeaders))) return badHost()
    const encrypted = request.secure || cameEncrypted(request, plan.sslProxyHeaders)
    if (sslRedirect && !encrypted) return toEncrypted(request, plan)
    return encrypted || forceSts ? encryptedMarks : marks
  }
}

function hostOf(request: GatewayRequest, names: readonly string[]): string {
  for (const name of names) {
    const value = request.headers.getAll(name)[0]
    if (value !== undefined && value !== '') return value
  }
  return request.host
}

function cameEncrypted(request: GatewayRequest, signs: Plan['sslProxyHeaders']): boolean {
  for (const [name, value] of signs) if (request.headers.getAll(name)[0] === value) return true
  return false
}

function badHost(): GatewayResponse {
  return GatewayResponse.text('Bad Host\n', { status: 500, headers: { 'X-Content-Type-Options': 'nosniff' } })
}

function toEncrypted(request: GatewayRequest, plan: Plan): GatewayResponse {
  const host = plan.sslHost || hostOf(request, plan.hostHeaders)
  // the host becomes part of an address: nothing may stand in it that ends it
  if (!/^[\w.\-:[\]]+$/.test(host)) return badHost()
  const query = request.query === '' ? '' : `?${request.query}`
  const location = `https://${host}${request.path}${query}`
  const headers: Record<string, string> = { Location: location }
  const { method } = request
  if (method === 'GET' || method === 'HEAD') headers['Content-Type'] = 'text/html; charset=utf-8'
  const init = { status: 301, headers }
  return method === 'GET' ? GatewayResponse.text(redirectBody(location), init) : new GatewayResponse(init)
}

/** Sets fields of responses; undefined when there are none. */
function markingWith(own: readonly string[]): Follower | undefined {
  if (own.length === 0) return undefined
  return {
    response(response) {
      const { headers } = response
      for (let i = 0; i < own.length; i += 2) headers.set(own[i]!, own[i + 1]!)
      return response
    }
  }
}
