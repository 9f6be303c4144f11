/** Findings as text: a line for each, or what a Go template makes of them. */

import { declare, type FunctionTable } from '../go-template/go-function.js'
import { marshal } from '../go-template/go-json.js'
import { TemplateSet } from '../go-template/template-set.js'
import { isMap, type Value } from '../go-template/value.js'
import type { AuditFinding, AuditPlace } from './audit.js'
import type { AuditSeverity } from './rule.js'

const COLOURS: Readonly<Record<AuditSeverity, string>> = { CRITICAL: '41;1', HIGH: '31;1', MEDIUM: '33;1', LOW: '32;1' }

/** Puts a severity into its colour for terminals. */
function coloured(severity: string): string {
  const colour = COLOURS[severity as AuditSeverity]
  return colour === undefined ? severity : `\x1b[${colour}m${severity}\x1b[0m`
}

/** Writes a line for each finding: number, severity, message, and where it is first seen; the columns are KrakenD's. */
export function auditLines(findings: readonly AuditFinding[], colours: boolean): string {
  return findings
    .map(({ id, severity, message, places }) => {
      const columns = [id, `[${colours ? coloured(severity) : severity}]   `, message, ...whereOf(places)]
      return `${columns.join('\t')}\n`
    })
    .join('')
}

function whereOf(places: readonly AuditPlace[]): string[] {
  const [first] = places
  if (first === undefined) return []
  const more = places.length === 1 ? '' : ` and ${places.length - 1} more`
  return [`${first.file}:${first.line}:${first.column} ${first.pointer}${more}`]
}

const FUNCTIONS: FunctionTable = {
  marshal: declare('any', (value: Value) => marshal(withJsonNames(value))),
  colored: declare('string', coloured)
}

/**
 * Executes a Go template over `.Recommendations`, each with `.Rule`, `.Severity`, `.Message` and `.Places` (`.File`, `.Line`, `.Column`, `.Pointer`).
 * `marshal` and `colored` are KrakenD's functions.
 * @throws TemplateError
 */
export function auditByTemplate(findings: readonly AuditFinding[], template: string): string {
  const set = new TemplateSet(FUNCTIONS)
  set.add('audit', template)
  const recommendations = findings.map(({ id, severity, message, places }) => ({
    Rule: id,
    Severity: severity,
    Message: message,
    Places: places.map(({ file, pointer, line, column }) => ({
      File: file,
      Pointer: pointer,
      Line: BigInt(line),
      Column: BigInt(column)
    }))
  }))
  return set.render('audit', { Recommendations: recommendations, Stats: {} }).text
}

const FIELDS: ReadonlySet<string> = new Set(
  'Recommendations Stats Rule Severity Message Places File Pointer Line Column'.split(' ')
)

/** In JSON the fields of the result have small letters, as KrakenD writes them; maps that a template made keep their names. */
function withJsonNames(value: Value): Value {
  if (Array.isArray(value)) return value.map(withJsonNames)
  if (!isMap(value)) return value
  return new Map([...value].map(([key, one]) => [FIELDS.has(key) ? key.toLowerCase() : key, withJsonNames(one)]))
}
