/** Says what is wrong with a value as KrakenD says it: a line for each fault, its causes below it. */

import type { Fault, Finding, Shown } from './faults.js'
import { type ExactNumber, isPlain } from './numbers.js'
import { pointerTo } from './pointer.js'

/** Longest piece of the value or the schema that is repeated, in characters. */
const MAX_ECHO = 100
/** Names that are listed in one line. */
const MAX_NAMES = 50
/** Lines of one text. */
const MAX_LINES = 200

/** Returns `- at '/age': got string, want integer` for each fault. */
export function faultLines(faults: readonly Fault[]): string {
  const lines: string[] = []
  addLines(faults, '', lines)
  if (lines.length > MAX_LINES) lines.splice(MAX_LINES, lines.length, '- …')
  return lines.length === 0 ? '- the value does not fit' : lines.join('\n')
}

function addLines(faults: readonly Fault[], indent: string, lines: string[]): void {
  for (const fault of faults) {
    if (lines.length > MAX_LINES) return
    const causes = causesOf(fault)
    // A reference is no fault of its own: its target's only fault stands for it.
    if (fault.finding.keyword === 'reference' && causes.length === 1) {
      addLines(causes, indent, lines)
      continue
    }
    lines.push(`${indent}- ${faultLine(fault)}`)
    addLines(causes, `${indent}  `, lines)
  }
}

function causesOf({ finding, causes }: Fault): readonly Fault[] {
  const [first] = causes
  const isOpen = finding.keyword === 'reference' || finding.keyword === 'propertyNames'
  return isOpen && first?.finding.keyword === 'group' ? first.causes : causes
}

/** `at '/age': got string, want integer` */
export function faultLine({ at, finding }: Fault): string {
  return `at ${quoted(at.reduce<string>(pointerTo, ''))}: ${findingText(finding)}`
}

function findingText(finding: Finding): string {
  switch (finding.keyword) {
    case 'false':
      return 'false schema'
    case 'group':
    case 'reference':
      return 'validation failed'
    case 'cycle':
      return 'the schema leads back to itself'
    case 'not':
    case 'allOf':
    case 'anyOf':
      return `'${finding.keyword}' failed`
    case 'oneOf':
      return `'oneOf' failed, ${finding.matched === undefined ? 'none' : `subschemas ${finding.matched.join(', ')}`} matched`
    case 'contains':
      return 'no items match contains schema'
    case 'minContains':
      return `min ${counted(finding.want)} items required to match contains schema, but ${
        finding.matched.length === 0 ? 'none matched' : matchedText(finding.matched)
      }`
    case 'maxContains':
      return `max ${counted(finding.want)} items required to match contains schema, but ${matchedText(finding.matched)}`
    case 'type':
      return `got ${finding.got}, want ${finding.want.join(' or ')}`
    case 'enum':
      return enumText(finding.want)
    case 'const':
      return finding.want === undefined ? "'const' failed" : `value must be ${shown(finding.want)}`
    case 'format':
      return `${quoted(finding.got)} is not valid ${finding.want}`
    case 'pattern':
      return `${quoted(finding.got)} does not match pattern ${quoted(finding.want)}`
    case 'required':
      return `missing ${finding.names.length === 1 ? 'property' : 'properties'} ${listed(finding.names)}`
    case 'additionalProperties':
      return `additional properties ${listed(finding.names)} not allowed`
    case 'propertyNames':
      return `invalid propertyName ${listed(finding.names)}`
    case 'dependentRequired':
      return `properties ${listed(finding.names)} required, if ${quoted(finding.property)} exists`
    case 'additionalItems':
      return `last ${counted(finding.count)} additionalItem(s) not allowed`
    case 'uniqueItems':
      return `items at ${counted(finding.first)} and ${counted(finding.second)} are equal`
    case 'minLength':
    case 'maxLength':
    case 'minItems':
    case 'maxItems':
    case 'minProperties':
    case 'maxProperties':
      return `${finding.keyword}: got ${counted(finding.got)}, want ${counted(finding.want)}`
    default:
      return `${finding.keyword}: got ${numberText(finding.got)}, want ${numberText(finding.want)}`
  }
}

function enumText(want: readonly Shown[]): string {
  if (want.includes(undefined)) return "'enum' failed"
  return `value must be ${want.length === 1 ? '' : 'one of '}${limited(want.map(shown), ', ')}`
}

const matchedText = (indexes: readonly number[]): string =>
  `matched ${counted(indexes.length)} items at ${limited(indexes.map(String), ' ')}`

const listed = (names: readonly string[]): string => limited(names.map(quoted), ', ')

function limited(texts: readonly string[], separator: string): string {
  return texts.length <= MAX_NAMES ? texts.join(separator) : `${texts.slice(0, MAX_NAMES).join(separator)}${separator}…`
}

function shown(value: Shown): string {
  if (typeof value === 'string') return quoted(value)
  if (value === null) return '<nil>'
  return typeof value === 'object' ? cut(value.text) : String(value)
}

/** As KrakenD prints a number of everyday size, `1,234.5`; any other as it was written. */
function numberText({ value, text }: ExactNumber): string {
  const size = Math.abs(value)
  const everyday = value === 0 || (size >= 1e-4 && size < 1e6)
  return everyday && isPlain(value, text) ? grouped(String(value + 0)) : cut(text)
}

const counted = (count: number): string => grouped(String(count))

/** Sets commas between thousands. */
function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.')
  return `${whole.replace(/\B(?=(?:\d{3})+$)/g, ',')}${fraction === undefined ? '' : `.${fraction}`}`
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ["'", "\\'"],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v']
])

/** In single quotes, on one line. */
function quoted(text: string): string {
  const escaped = cut(text).replace(/[\\'\x00-\x1f\x7f-\x9f\u2028\u2029]/g, character => {
    const code = character.charCodeAt(0)
    return (
      ESCAPES.get(character) ??
      (code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`)
    )
  })
  return `'${escaped}'`
}

const cut = (text: string): string => (text.length <= MAX_ECHO ? text : `${text.slice(0, MAX_ECHO)}…`)
