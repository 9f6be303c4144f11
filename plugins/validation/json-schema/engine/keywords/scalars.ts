/** Keywords about one value: `type`, `const`, `enum`, `format`, and the limits of numbers and texts. */

import { type Expected, equalTo } from '../equality.js'
import type { NumberLimit, Shown } from '../faults.js'
import { STRING } from '../kinds.js'
import type { Check } from '../node.js'
import { type Bound, compareTo, isIntegerText, isMultiple } from '../numbers.js'
import type { SchemaReader } from '../schema-reader.js'

/** `type`, `const` and `enum`. */
export function valueGates(reader: SchemaReader): Check[] {
  const gates: Check[] = []
  const type = reader.get('type')
  if (typeof type === 'string') gates.push(typeGate([type]))
  else if (Array.isArray(type)) gates.push(typeGate(type as string[]))
  if (reader.version >= 6 && reader.has('const')) gates.push(constGate(reader))
  if (Array.isArray(reader.get('enum'))) gates.push(enumGate(reader))
  return gates
}

export function typeName(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

/** The order in which KrakenD lists types. */
const TYPES = ['null', 'boolean', 'number', 'integer', 'string', 'array', 'object']

function typeGate(listed: readonly string[]): Check {
  const names = new Set(listed)
  const want = TYPES.filter(name => names.has(name))
  const wholeOnly = names.has('integer') && !names.has('number')
  const [number, text, boolean, list, object, none] = ['number', 'string', 'boolean', 'array', 'object', 'null'].map(name =>
    names.has(name)
  )
  // by kind and not by name: each value of a body comes here
  return (value, run) => {
    switch (typeof value) {
      case 'string':
        if (text) return true
        break
      case 'number':
        if (number || (wholeOnly && isIntegerText(value, run.textOf(value)))) return true
        break
      case 'boolean':
        if (boolean) return true
        break
      default:
        if (value === null ? none : Array.isArray(value) ? list : object) return true
    }
    return run.fail({ keyword: 'type', got: typeName(value), want })
  }
}

/** Keywords that {@link plainTest} knows; those behind `maxLength` say nothing about a value. */
const PLAIN: ReadonlySet<string> = new Set([
  'type',
  'minLength',
  'maxLength',
  'title',
  'description',
  'default',
  'examples',
  '$comment',
  'deprecated',
  'readOnly',
  'writeOnly'
])

/** Compiles the test of {@link Node.plain} for the schemas that most members have: one type, and the length of a text. */
export function plainTest(reader: SchemaReader): ((value: unknown) => boolean) | undefined {
  const type = reader.get('type')
  if (!Object.keys(reader.schema).every(name => PLAIN.has(name))) return undefined
  if (type === 'boolean' || type === 'number') return value => typeof value === type
  if (type !== 'string') return undefined
  const min = reader.count('minLength') ?? 0
  const max = reader.count('maxLength') ?? Number.POSITIVE_INFINITY
  // a character is one or two units of a text
  return value => typeof value === 'string' && value.length <= max && value.length >= 2 * min
}

/** A value of the schema as a fault shows it. */
function shown(value: unknown, { number }: Expected): Shown {
  if (number !== undefined) return number
  return typeof value === 'object' && value !== null ? undefined : (value as string | boolean | null)
}

function constGate(reader: SchemaReader): Check {
  const expected = reader.expected(reader.schema, 'const', reader.get('const'))
  const want = shown(reader.get('const'), expected)
  return (instance, run) => equalTo(instance, expected, run) || run.fail({ keyword: 'const', want })
}

function enumGate(reader: SchemaReader): Check {
  const values = reader.list('enum')!
  const expected = values.map((value, i) => reader.expected(values, i, value))
  const texts = new Set(values.filter(value => typeof value === 'string'))
  const others = expected.filter(({ kind }) => kind !== STRING)
  const want = values.map((value, i) => shown(value, expected[i]!))
  return (instance, run) => {
    if (typeof instance === 'string' ? texts.has(instance) : others.some(other => equalTo(instance, other, run))) return true
    return run.fail({ keyword: 'enum', want })
  }
}

/** `format`, where it is an assertion; a format that is not known asserts nothing. */
export function formatGate(reader: SchemaReader): Check[] {
  const name = reader.text('format')
  const format = name === undefined ? undefined : reader.formats(name, reader.version)
  if (name === undefined || format === undefined) return []
  return [(value, run) => typeof value !== 'string' || format(value) || run.fail({ keyword: 'format', got: value, want: name })]
}

// --- numbers -----------------------------------------------------------------------------------------------------

type Fits = (value: number, text: string, bound: Bound) => boolean

const FITS: Readonly<Record<NumberLimit, Fits>> = {
  minimum: (value, text, bound) => compareTo(value, text, bound) >= 0,
  maximum: (value, text, bound) => compareTo(value, text, bound) <= 0,
  exclusiveMinimum: (value, text, bound) => compareTo(value, text, bound) > 0,
  exclusiveMaximum: (value, text, bound) => compareTo(value, text, bound) < 0,
  multipleOf: isMultiple
}

export function numberChecks(reader: SchemaReader): Check[] {
  const checks: Check[] = []
  for (const keyword of Object.keys(FITS) as NumberLimit[]) {
    const [limit, bound] = limitOf(reader, keyword)
    if (bound === undefined) continue
    const fits = FITS[limit]
    checks.push((value, run) => {
      const text = run.textOf(value as number)
      if (fits(value as number, text, bound)) return true
      return run.fail({ keyword: limit, got: { value: value as number, text }, want: bound })
    })
  }
  return checks
}

/** In draft 4 `exclusiveMinimum: true` makes `minimum` exclusive. */
function limitOf(reader: SchemaReader, keyword: NumberLimit): [NumberLimit, Bound | undefined] {
  if (reader.version === 4) {
    if (keyword === 'minimum' && reader.get('exclusiveMinimum') === true) return ['exclusiveMinimum', reader.bound('minimum')]
    if (keyword === 'maximum' && reader.get('exclusiveMaximum') === true) return ['exclusiveMaximum', reader.bound('maximum')]
  }
  return [keyword, reader.bound(keyword)]
}

// --- texts -------------------------------------------------------------------------------------------------------

export function stringChecks(reader: SchemaReader): Check[] {
  const checks: Check[] = []
  const min = reader.count('minLength')
  if (min !== undefined) checks.push(lengthCheck('minLength', min, length => length >= min))
  const max = reader.count('maxLength')
  if (max !== undefined) checks.push(lengthCheck('maxLength', max, length => length <= max))
  const text = reader.text('pattern')
  if (text !== undefined) {
    const pattern = reader.pattern(text, 'pattern')
    checks.push(
      (value, run) => pattern.test(value as string) || run.fail({ keyword: 'pattern', got: value as string, want: text })
    )
  }
  return checks
}

function lengthCheck(keyword: 'minLength' | 'maxLength', want: number, fits: (length: number) => boolean): Check {
  return (value, run) => {
    const got = characters(value as string)
    return fits(got) || run.fail({ keyword, got, want })
  }
}

/** Code points of a text. */
export function characters(text: string): number {
  let count = text.length
  for (let i = 0; i < text.length - 1; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      count--
      i++
    }
  }
  return count
}
