/**
 * Every error of the gateway, with its stable code.
 *
 * One table says what a code means and which HTTP status it has. Two statuses count: `http` is for `router.error_status: "http"`,
 * `krakend` is KrakenD's (500 for any failed pipe). What the client did wrong has the same status in both. Codes go to the JSON
 * access log, texts to clients only with `return_error_msg`.
 */

/** What a code stands for. */
export interface ErrorEntry {
  /** Status under `router.error_status: "http"`. */
  readonly http: number
  /** Status under `router.error_status: "krakend"` (the default). */
  readonly krakend: number
  /** What happened, for people. */
  readonly text: string
}

const entry = (http: number, krakend: number, text: string): ErrorEntry => ({ http, krakend, text })

/** Stable codes: `SLUICE_ERR_` + area + cause. */
export const ERRORS = {
  SLUICE_ERR_CONFIG_INVALID: entry(500, 500, 'the configuration is not valid'),
  SLUICE_ERR_CONFIG_LISTEN: entry(500, 500, 'the listener could not be opened'),

  SLUICE_ERR_CLIENT_BAD_REQUEST: entry(400, 400, 'the request is malformed'),
  SLUICE_ERR_CLIENT_BAD_PARAM: entry(400, 400, 'a path parameter cannot be forwarded'),
  SLUICE_ERR_CLIENT_BODY_TOO_LARGE: entry(413, 413, 'the request body is over the limit'),
  SLUICE_ERR_CLIENT_TARGET_TOO_LONG: entry(414, 414, 'the request target is over the limit'),
  SLUICE_ERR_CLIENT_HEADERS_TOO_LARGE: entry(431, 431, 'the request header section is over the limit'),
  SLUICE_ERR_CLIENT_TIMEOUT: entry(408, 408, 'the request did not arrive in time'),
  SLUICE_ERR_CLIENT_UNAUTHORIZED: entry(401, 401, 'the request carries no valid token'),
  SLUICE_ERR_CLIENT_FORBIDDEN: entry(403, 403, 'the token does not allow the request'),
  SLUICE_ERR_CLIENT_ABORTED: entry(499, 499, 'the client went away'),

  SLUICE_ERR_UPSTREAM_NO_HOST: entry(503, 500, 'no hosts available'),
  SLUICE_ERR_UPSTREAM_CONNECT: entry(502, 500, 'the connection to the upstream failed'),
  SLUICE_ERR_UPSTREAM_RESET: entry(502, 500, 'the upstream closed the connection'),
  SLUICE_ERR_UPSTREAM_PROTOCOL: entry(502, 500, 'the upstream response is not valid HTTP'),
  SLUICE_ERR_UPSTREAM_REDIRECT: entry(502, 500, 'too many redirects'),
  SLUICE_ERR_UPSTREAM_TLS: entry(502, 500, 'the TLS handshake with the upstream failed'),
  SLUICE_ERR_UPSTREAM_STATUS: entry(502, 500, 'invalid status code'),
  SLUICE_ERR_UPSTREAM_DECODE: entry(502, 500, 'the upstream body could not be decoded'),
  SLUICE_ERR_UPSTREAM_REQUEST: entry(502, 500, 'the upstream request could not be built'),
  SLUICE_ERR_UPSTREAM_PARAM: entry(502, 500, 'a parameter of the upstream request has no value'),
  SLUICE_ERR_UPSTREAM_TIMEOUT_CONNECT: entry(504, 500, 'the upstream did not accept the connection in time'),
  SLUICE_ERR_UPSTREAM_TIMEOUT_HEAD: entry(504, 500, 'the upstream did not respond in time'),
  SLUICE_ERR_UPSTREAM_TIMEOUT_IDLE: entry(504, 500, 'the upstream stopped sending'),
  SLUICE_ERR_UPSTREAM_TIMEOUT: entry(504, 500, 'the time budget of the exchange is used up'),
  SLUICE_ERR_UPSTREAM_INCOMPLETE: entry(502, 500, 'invalid response'),
  SLUICE_ERR_UPSTREAM_MERGE: entry(502, 500, 'all backends failed'),
  SLUICE_ERR_UPSTREAM_LIMITED: entry(503, 500, 'a limit of the backend is reached'),
  SLUICE_ERR_UPSTREAM_CREDENTIALS: entry(502, 500, 'no access token for the backend'),
  SLUICE_ERR_UPSTREAM_REJECTED: entry(502, 500, 'a check of the backend refused the exchange'),

  SLUICE_ERR_BODY_TOO_LARGE: entry(502, 500, 'the body is larger than max_body_bytes'),
  SLUICE_ERR_BODY_NOT_JSON: entry(502, 500, 'the body is not JSON'),
  SLUICE_ERR_BODY_ENCODING: entry(502, 500, 'the Content-Encoding of the body cannot be undone'),

  SLUICE_ERR_GATEWAY_QUEUE_FULL: entry(503, 503, 'too many requests are waiting for a connection'),
  SLUICE_ERR_GATEWAY_CLOSING: entry(503, 503, 'the gateway is shutting down'),
  SLUICE_ERR_GATEWAY_REJECTED: entry(500, 500, 'request aborted'),
  SLUICE_ERR_GATEWAY_INTERNAL: entry(500, 500, 'internal server error'),

  SLUICE_ERR_PLUGIN_FAILED: entry(500, 500, 'a plugin failed'),
  SLUICE_ERR_PLUGIN_TIMEOUT: entry(504, 500, 'a plugin did not settle in time'),
  SLUICE_ERR_PLUGIN_BODY_TAKEN: entry(500, 500, 'the body was already streamed and cannot be sent again')
} as const satisfies Record<string, ErrorEntry>

/** A stable code, for logs and alerts. */
export type ErrorCode = keyof typeof ERRORS

/** How failures turn into statuses: `router.error_status`. */
export type ErrorStatusMode = 'krakend' | 'http'

/** What a failure carries beside its code. */
export interface GatewayErrorInit {
  /** The text KrakenD would print; default: the code's text. */
  readonly message?: string
  /** The error behind it, for the log. */
  readonly cause?: unknown
  /** A status that this failure carries by itself (`return_error_code`, a plugin's `statusCode`); wins in both modes. */
  readonly statusCode?: number
  /** Media type of `message` when it is shown to a client (`return_error_msg`). */
  readonly contentType?: string
  /** Fields of the response to the client. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** Which timer or limit fired, with its value: `timeout=2000ms`. */
  readonly limit?: string
}

/** Returns the message of what was thrown, an Error or any other value. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** Base of all errors of the gateway. */
export class GatewayError extends Error {
  override readonly name: string = 'GatewayError'
  /** The stable code. */
  readonly code: ErrorCode
  /** The status of the failure itself, as for `router.error_status: "http"`. */
  readonly statusCode: number
  /** True when {@link GatewayErrorInit.statusCode} was given: then it wins over the table in both modes. */
  readonly ownStatus: boolean
  /** See {@link GatewayErrorInit.contentType}. */
  readonly contentType: string | undefined
  /** See {@link GatewayErrorInit.headers}. */
  readonly headers: readonly (readonly [name: string, value: string])[] | undefined
  /** See {@link GatewayErrorInit.limit}. */
  readonly limit: string | undefined

  constructor(code: ErrorCode, init: GatewayErrorInit = {}) {
    super(init.message ?? ERRORS[code].text, init.cause === undefined ? undefined : { cause: init.cause })
    this.code = code
    this.statusCode = init.statusCode ?? ERRORS[code].http
    this.ownStatus = init.statusCode !== undefined
    this.contentType = init.contentType
    this.headers = init.headers
    this.limit = init.limit
  }
}

/** Returns the status that a client gets for a failure. */
export function statusOf(error: GatewayError, mode: ErrorStatusMode): number {
  if (error.ownStatus) return error.statusCode
  return mode === 'http' ? ERRORS[error.code].http : ERRORS[error.code].krakend
}

/** Several failures of one exchange, in the order of their backends; it brings no status. */
export class MergeError extends GatewayError {
  override readonly name = 'MergeError'
  readonly errors: readonly GatewayError[]

  constructor(errors: readonly GatewayError[]) {
    super('SLUICE_ERR_UPSTREAM_MERGE', { message: errors.map(e => e.message).join('\n') })
    this.errors = errors
  }
}

/** One finding in a configuration file. */
export interface ConfigProblem {
  /** A warning stops no start. */
  readonly level: 'error' | 'warning'
  /** Where it was found: the file's name as given, `(object)` for a configuration handed over in code. */
  readonly file: string
  /** JSON pointer (RFC 6901), '' for the whole document. */
  readonly pointer: string
  /** 1-based; undefined where the text is not known (environment variables, objects). */
  readonly line?: number
  /** 1-based, as {@link line}. */
  readonly column?: number
  /** What is wrong. */
  readonly message: string
  /** What to do, or what was meant. */
  readonly suggestion?: string
  /** What this finding has in common with others of other texts: named once above all of them. */
  readonly kind?: string
}

function placeOf(p: ConfigProblem): string {
  const place = p.line === undefined ? p.file : `${p.file}:${p.line}:${p.column ?? 1}`
  return p.pointer === '' ? place : `${place} ${p.pointer}`
}

/** Formats one finding as `file:line:column /pointer: message (suggestion)`. */
export function formatProblem(p: ConfigProblem): string {
  return `${placeOf(p)}: ${p.message}${p.suggestion === undefined ? '' : ` (${p.suggestion})`}`
}

/** One entry of a list of problems: one that stands alone, or one cause with all its places. */
export interface ProblemEntry {
  readonly level: ConfigProblem['level']
  readonly text: string
}

/** Places of one cause that a list shows. */
export const MOST_LISTED = 20
/** Causes of one level that a list shows. */
const MOST_CAUSES = 100

const withCommas = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',')

/**
 * Lists problems for people: errors before warnings. What several places have in common stands once, with their number.
 * @param all every place, and not the first {@link MOST_LISTED} of each cause
 */
export function listProblems(problems: readonly ConfigProblem[], all = false): ProblemEntry[] {
  const groups = byCause(problems)
  if (all) return groups.map(group => entryOf(group, Number.POSITIVE_INFINITY))
  return (['error', 'warning'] as const).flatMap(level => {
    const ofLevel = groups.filter(group => group[0]!.level === level)
    const entries = ofLevel.slice(0, MOST_CAUSES).map(group => entryOf(group, MOST_LISTED))
    const rest = ofLevel.slice(MOST_CAUSES).reduce((sum, group) => sum + group.length, 0)
    return rest === 0 ? entries : [...entries, { level, text: `and ${withCommas(rest)} more ${level}s` }]
  })
}

/** True when a list leaves places out. */
export function isShortened(problems: readonly ConfigProblem[]): boolean {
  const groups = byCause(problems)
  return groups.length > MOST_CAUSES || groups.some(group => group.length > MOST_LISTED)
}

const entryOf = (group: readonly ConfigProblem[], most: number): ProblemEntry => ({
  level: group[0]!.level,
  text: formatGroup(group, most)
})

/** Lists what stops a start or a reload, a line each; of very many the first ones and their number. */
export function listFaults(problems: readonly ConfigProblem[]): string[] {
  const faults = problems.filter(({ level }) => level === 'error')
  const lines = faults.slice(0, MOST_LISTED).map(formatProblem)
  return faults.length <= MOST_LISTED ? lines : [...lines, `and ${withCommas(faults.length - MOST_LISTED)} more`]
}

/** Lists problems for a log: a line for each error, of one cause at most {@link MOST_LISTED}, and one for all warnings of the same cause. */
export function summarizeProblems(problems: readonly ConfigProblem[]): ProblemEntry[] {
  return byCause(problems).flatMap(group => {
    const first = group[0]!
    const { level } = first
    if (level === 'error' || group.length === 1) {
      const lines = group.slice(0, MOST_LISTED).map(one => ({ level, text: formatProblem(one) }))
      const rest = group.length - lines.length
      return rest === 0
        ? lines
        : [...lines, { level, text: `${first.file}: and in ${withCommas(rest)} places more: ${first.message}` }]
    }
    if (first.kind !== undefined && !isOneCause(group)) {
      const places = group.slice(0, MOST_PLACES).map(one => one.pointer)
      const more = group.length > MOST_PLACES ? ', …' : ''
      return [{ level: first.level, text: `${first.file}: ${first.kind} in ${group.length} places: ${places.join(', ')}${more}` }]
    }
    return [{ level: first.level, text: `${formatProblem(first)}; so in ${group.length} places` }]
  })
}

/** Places that a line of a log names. */
const MOST_PLACES = 5

const isOneCause = (group: readonly ConfigProblem[]): boolean =>
  group.every(one => one.message === group[0]!.message && one.suggestion === group[0]!.suggestion)

/** Problems with the same level and kind, or with the same level, message and suggestion; errors first. */
function byCause(problems: readonly ConfigProblem[]): ConfigProblem[][] {
  const groups = new Map<string, ConfigProblem[]>()
  for (const problem of errorsFirst(problems)) {
    const cause = `${problem.level} ${problem.kind ?? `${problem.message} ${problem.suggestion ?? ''}`}`
    const group = groups.get(cause)
    if (group === undefined) groups.set(cause, [problem])
    else group.push(problem)
  }
  return [...groups.values()]
}

/** `modifier/martian: 25 places: what is wrong`, and a line for each of the first places. */
function formatGroup(group: readonly ConfigProblem[], most: number): string {
  const first = group[0]!
  const places = [...new Set(group.map(placeOf))]
  if (places.length === 1) return formatProblem(first)
  if (first.kind !== undefined && !isOneCause(group))
    return [`${first.kind}: ${withCommas(group.length)} places`, ...shortened(group.map(formatProblem), most)].join('\n')
  const namespace = /\/extra_config\/([^/]+)/.exec(first.pointer)?.[1]?.replaceAll('~1', '/').replaceAll('~0', '~')
  const cause = `${first.message}${first.suggestion === undefined ? '' : ` (${first.suggestion})`}`
  const count = `${withCommas(places.length)} places`
  const heading = namespace === undefined ? `${cause}: ${count}` : `\`${namespace}\`: ${count}: ${cause}`
  return [heading, ...shortened(places, most)].join('\n')
}

function shortened(places: readonly string[], most: number): string[] {
  const lines = places.slice(0, most).map(place => `  ${place}`)
  return places.length <= most ? lines : [...lines, `  and ${withCommas(places.length - most)} more`]
}

function errorsFirst(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...problems.filter(one => one.level === 'error'), ...problems.filter(one => one.level !== 'error')]
}

/** A configuration that cannot be honoured; lists all problems at once, errors first. */
export class ConfigError extends GatewayError {
  override readonly name = 'ConfigError'
  /** All problems, errors first. */
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    const entries = listProblems(problems)
    super('SLUICE_ERR_CONFIG_INVALID', { message: entries.map(entry => entry.text).join('\n') })
    this.problems = errorsFirst(problems)
  }
}
