/**
 * The audit room: a configuration file in, what should be looked at out.
 *
 * In: a file that a tolerant load accepts. Out: a finding for each rule that is not kept, in the order of the rules, each with its places in
 * the file or template. KrakenD's rules keep their numbers and severities; the texts are Sluice's. Nothing is started, no key and no plugin is read.
 */

import { type LoadOptions, readConfigFile } from '../config/load.js'
import type { ConfigProblem } from '../errors.js'
import { takeInventory } from './inventory.js'
import { type AuditSeverity, type Rule, SEVERITIES } from './rule.js'
import { DEPRECATION_RULES } from './rules/deprecations.js'
import { ENDPOINT_RULES } from './rules/endpoints.js'
import { FORWARDING_RULES } from './rules/forwarding.js'
import { SECURITY_RULES } from './rules/security.js'
import { SERVICE_RULES } from './rules/service.js'
import { SLUICE_RULES } from './rules/sluice.js'
import { TELEMETRY_RULES } from './rules/telemetry.js'
import { TRAFFIC_RULES } from './rules/traffic.js'

/** What an operator has to look at. */
export interface AuditFinding {
  readonly id: string
  readonly severity: AuditSeverity
  readonly message: string
  /** Empty when the rule speaks of the file as a whole. */
  readonly places: readonly AuditPlace[]
}

export interface AuditPlace {
  readonly file: string
  readonly pointer: string
  /** 1-based. */
  readonly line: number
  readonly column: number
}

export interface AuditOptions extends Omit<LoadOptions, 'tolerant'> {
  /** Numbers of rules to leave out. A final `*` stands for all that begin so: `7.1.*`. Default: none. */
  readonly ignore?: readonly string[]
  /** Default: all. */
  readonly severities?: ReadonlySet<AuditSeverity>
}

/** All rules in the order of their numbers. */
export const RULES: readonly Rule[] = [
  ...SECURITY_RULES,
  ...SERVICE_RULES,
  ...TRAFFIC_RULES,
  ...TELEMETRY_RULES,
  ...ENDPOINT_RULES,
  ...DEPRECATION_RULES,
  ...SLUICE_RULES,
  ...FORWARDING_RULES
]

/** KrakenD has the number but never reports it. */
const SILENT_RULES = ['4.1.2']

/** Found by the load: what a start without `--tolerant` refuses. */
export const REFUSED = {
  id: 'S3.1',
  severity: 'CRITICAL',
  message: 'A start without --tolerant is refused: `sluice check` says why.'
} as const

/** Tells whether a number, or a beginning with `*`, names a rule. */
export function isRule(pattern: string): boolean {
  return [...RULES.map(rule => rule.id), ...SILENT_RULES, REFUSED.id].some(id => matches(id, pattern))
}

/**
 * Audits a file.
 * @throws {ConfigError} SLUICE_ERR_CONFIG_INVALID when a tolerant load refuses it
 */
export async function auditFile(file: string, options: AuditOptions): Promise<readonly AuditFinding[]> {
  const { ignore = [], severities = new Set(SEVERITIES), ...load } = options
  const loaded = await readConfigFile(file, { ...load, tolerant: true })
  const { problems } = loaded.conclude()
  const isWanted = ({ id, severity }: Pick<Rule, 'id' | 'severity'>): boolean =>
    severities.has(severity) && !ignore.some(pattern => matches(id, pattern))
  const service = takeInventory(loaded.root!)
  const findings: AuditFinding[] = []
  for (const { id, severity, message, places } of RULES.filter(isWanted)) {
    const pointers = places(service)
    if (pointers.length === 0) continue
    const inFile = [...new Set(pointers)].filter(pointer => pointer !== '')
    const located = inFile.map(pointer => placeOf(loaded.locate({ level: 'warning', file, pointer, message })))
    findings.push({ id, severity, message, places: located })
  }
  const refusals = problems.filter(problem => problem.level === 'error')
  if (refusals.length > 0 && isWanted(REFUSED)) findings.push({ ...REFUSED, places: refusals.map(placeOf) })
  return findings
}

const placeOf = ({ file, pointer, line = 1, column = 1 }: ConfigProblem): AuditPlace => ({ file, pointer, line, column })

const matches = (id: string, pattern: string): boolean =>
  pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : id === pattern
