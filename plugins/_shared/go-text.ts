/** Values as KrakenD writes them into headers, URLs and signed payloads: Go's formats. */

/** A value of a claim as a header or a URL shows it: whole numbers without a point, others with six decimals, lists with commas, objects as JSON. */
export function claimText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return numberText(value)
  if (Array.isArray(value)) return value.map(goValue).join(',')
  return value === undefined ? '' : goJson(value)
}

function numberText(value: number): string {
  const whole = Math.round(value)
  if (Math.abs(value - whole) > 1e-6) return value.toFixed(6)
  return Number.isSafeInteger(whole) ? String(whole) : BigInt(whole).toString()
}

/** An item of a list, as `%v` prints it. */
export function goValue(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return shortFloat(value)
  if (typeof value === 'boolean') return String(value)
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`
  const fields = sortedKeys(value as object).map(key => `${key}:${goValue((value as Record<string, unknown>)[key])}`)
  return `map[${fields.join(' ')}]`
}

/** `%g` with the fewest digits: powers of ten below -4 and from 6 on are written as exponents of two digits at least. */
function shortFloat(value: number): string {
  const [digits, power] = value.toExponential().split('e') as [string, string]
  const exponent = Number(power)
  if (exponent >= -4 && exponent < 6) return String(value)
  const size = Math.abs(exponent)
  return `${digits}e${exponent < 0 ? '-' : '+'}${size < 10 ? '0' : ''}${size}`
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['<', '\\u003c'],
  ['>', '\\u003e'],
  ['&', '\\u0026'],
  ['\u2028', '\\u2028'],
  ['\u2029', '\\u2029']
])

/** JSON with sorted keys and Go's escapes. */
export function goJson(value: unknown): string {
  return sortJson(JSON.stringify(value))
}

/** Rewrites JSON text with sorted keys, Go's escapes and no blanks; numbers keep their spelling. @throws SyntaxError for anything else */
export function sortJson(text: string): string {
  const reader = new JsonSorter(text)
  return reader.whole()
}

const TOKEN = /\s*("(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+)/y

/** Walks valid JSON text. */
class JsonSorter {
  private readonly text: string
  private at = 0

  constructor(text: string) {
    JSON.parse(text)
    this.text = text
  }

  whole(): string {
    return this.value(this.token())
  }

  private token(): string {
    TOKEN.lastIndex = this.at
    const match = TOKEN.exec(this.text)!
    this.at = TOKEN.lastIndex
    return match[1]!
  }

  private value(token: string): string {
    if (token === '{') return this.object()
    if (token === '[') return this.array()
    return token.charCodeAt(0) === 0x22 ? quote(JSON.parse(token) as string) : token
  }

  private object(): string {
    const fields = new Map<string, string>()
    for (let token = this.token(); token !== '}'; token = this.token()) {
      if (token === ',') continue
      const key = JSON.parse(token) as string
      this.token()
      fields.set(key, this.value(this.token()))
    }
    const parts = [...fields.keys()].sort(byBytes).map(key => `${quote(key)}:${fields.get(key)!}`)
    return `{${parts.join(',')}}`
  }

  private array(): string {
    const items: string[] = []
    for (let token = this.token(); token !== ']'; token = this.token()) if (token !== ',') items.push(this.value(token))
    return `[${items.join(',')}]`
  }
}

function quote(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, char => ESCAPES.get(char)!)
}

function sortedKeys(value: object): string[] {
  return Object.keys(value).sort(byBytes)
}

/** Go compares strings by their UTF-8 bytes. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
