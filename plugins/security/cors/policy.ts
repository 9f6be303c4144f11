/** Who may read responses from another origin, and with what: the rules of CORS (Fetch Standard §3.2) as data and tests. */

/** What a configuration allows, as it was written. */
export interface CorsRules {
  /** Origins; one `*` in each stands for anything, `*` alone for all. */
  readonly allowOrigins: readonly string[]
  /** Methods in capital letters. */
  readonly allowMethods: readonly string[]
  /** Header fields; `*` for all. */
  readonly allowHeaders: readonly string[]
  readonly exposeHeaders: readonly string[]
  readonly allowCredentials: boolean
  readonly allowPrivateNetwork: boolean
  /** s a browser may remember a preflight; 0 = not said, below 0 = not at all. */
  readonly maxAgeSeconds: number
}

/** What a preflight asks for. */
export interface Preflight {
  readonly origin: string | undefined
  readonly method: string
  /** The list as it was sent; undefined when there is none. */
  readonly headers: string | undefined
  readonly privateNetwork: boolean
}

/** Compiled rules. Results are flat lists of names and values; a refusal gives no field. */
export interface CorsPolicy {
  /** The `Vary` of preflight responses. */
  readonly preflightVary: string
  /** Fields of a preflight's response, or why there are none. */
  preflight(asked: Preflight): readonly string[] | CorsRefusal
  /** Fields of the response to a request, or why there are none. */
  actual(origin: string | undefined, method: string): readonly string[] | CorsRefusal
}

/** Why a response allows nothing. */
export type CorsRefusal = 'no origin' | 'origin not allowed' | 'method not allowed' | 'headers not allowed'

/** Compiles rules. @throws never: what cannot match is reported by {@link originProblem} */
export function compilePolicy(rules: CorsRules): CorsPolicy {
  const allowsOrigin = compileOrigins(rules.allowOrigins)
  const anyOrigin = rules.allowOrigins.includes('*')
  const methods: ReadonlySet<string> = new Set(rules.allowMethods)
  const allowsHeaders = compileHeaders(rules.allowHeaders)
  const exposed = rules.exposeHeaders.map(canonicalName).join(', ')
  const credentials = rules.allowCredentials ? ['Access-Control-Allow-Credentials', 'true'] : []
  const actualTail = exposed === '' ? credentials : ['Access-Control-Expose-Headers', exposed, ...credentials]
  const actualForAll = ['Access-Control-Allow-Origin', '*', ...actualTail]
  const preflightFields: string[] = []
  if (rules.maxAgeSeconds !== 0) preflightFields.push('Access-Control-Max-Age', String(Math.max(0, rules.maxAgeSeconds)))

  const judge = (origin: string | undefined, method: string): CorsRefusal | undefined => {
    if (origin === undefined || origin === '') return 'no origin'
    if (!anyOrigin && !allowsOrigin(origin)) return 'origin not allowed'
    return methods.size > 0 && (method === 'OPTIONS' || methods.has(method)) ? undefined : 'method not allowed'
  }
  return {
    preflightVary: rules.allowPrivateNetwork ? `${VARY_PREFLIGHT}, Access-Control-Request-Private-Network` : VARY_PREFLIGHT,
    preflight(asked) {
      const refusal = judge(asked.origin, asked.method)
      if (refusal !== undefined) return refusal
      if (asked.headers !== undefined && !allowsHeaders(asked.headers)) return 'headers not allowed'
      const fields = [
        'Access-Control-Allow-Origin',
        anyOrigin ? '*' : asked.origin!,
        'Access-Control-Allow-Methods',
        asked.method
      ]
      if (asked.headers !== undefined && asked.headers !== '') fields.push('Access-Control-Allow-Headers', asked.headers)
      fields.push(...credentials)
      if (rules.allowPrivateNetwork && asked.privateNetwork) fields.push('Access-Control-Allow-Private-Network', 'true')
      fields.push(...preflightFields)
      return fields
    },
    actual(origin, method) {
      const refusal = judge(origin, method)
      if (refusal !== undefined) return refusal
      return anyOrigin ? actualForAll : ['Access-Control-Allow-Origin', origin!].concat(actualTail)
    }
  }
}

const VARY_PREFLIGHT = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'

/** Says why an entry of `allow_origins` cannot match, undefined when it can. */
export function originProblem(entry: string): string | undefined {
  if (entry === '') return 'an origin is not empty'
  return entry.indexOf('*') === entry.lastIndexOf('*') ? undefined : `'${entry}' has more than one '*'`
}

function compileOrigins(entries: readonly string[]): (origin: string) => boolean {
  const exact = new Set<string>()
  const wild: (readonly [prefix: string, suffix: string])[] = []
  for (const entry of entries) {
    const lower = entry.toLowerCase()
    const star = lower.indexOf('*')
    if (star === -1) exact.add(lower)
    else if (lower.length > 1) wild.push([lower.slice(0, star), lower.slice(star + 1)])
  }
  return origin => {
    const lower = origin.toLowerCase()
    if (exact.has(lower)) return true
    for (const [prefix, suffix] of wild) {
      if (lower.length >= prefix.length + suffix.length && lower.startsWith(prefix) && lower.endsWith(suffix)) return true
    }
    return false
  }
}

function compileHeaders(entries: readonly string[]): (list: string) => boolean {
  if (entries.includes('*')) return () => true
  const allowed = new Set(entries.map(entry => entry.trim().toLowerCase()))
  return list => {
    for (const item of list.split(',')) {
      const name = item.trim().toLowerCase()
      if (name !== '' && !allowed.has(name)) return false
    }
    return true
  }
}

/** `content-length` → `Content-Length`, as KrakenD writes it. */
function canonicalName(name: string): string {
  return name.toLowerCase().replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase())
}
