/** `sluice audit`: what should be looked at in a configuration before it serves. */

import { readFile } from 'node:fs/promises'
import { auditFile, isRule } from '../audit/audit.js'
import { auditByTemplate, auditLines } from '../audit/finding-text.js'
import { type AuditSeverity, SEVERITIES } from '../audit/rule.js'
import { TemplateError } from '../go-template/template-error.js'
import { loadComponents } from '../plugin/load/shipped.js'
import { type Arguments, suggestion, UsageError } from './arguments.js'
import { Progress } from './progress.js'
import type { Terminal } from './terminal.js'

/** Audits configurations and returns the exit code: 1 when a rule is not kept, or a file cannot be read. */
export async function audit(args: Arguments, terminal: Terminal): Promise<number> {
  const files = [...(args.operands.length > 0 && !args.has('config') ? [] : [args.configFile()]), ...args.operands]
  const severities = severitiesOf(args.text('severity'))
  const ignored = await ignoredRules(args, terminal)
  if (ignored === undefined) return 1
  const unknown = ignored.filter(pattern => !isRule(pattern))
  if (unknown.length > 0) terminal.note(`WARNING there is no rule ${unknown.join(', ')}: nothing is left out for it`)
  const { namespaces } = await loadComponents()
  const options = { namespaces, env: process.env, ignore: ignored, severities }
  const progress = new Progress(terminal, files.length)
  let code = 0
  for (const file of files) {
    await progress.step(file)
    const findings = await auditOne(file, options, args.text('format') ?? '', terminal)
    if (findings === undefined || findings > 0) code = 1
  }
  progress.end()
  return code
}

/** Prints the findings of one file; returns their number, undefined for a file that cannot be audited. */
async function auditOne(
  file: string,
  options: Parameters<typeof auditFile>[1],
  template: string,
  terminal: Terminal
): Promise<number | undefined> {
  try {
    const findings = await auditFile(file, options)
    terminal.write(template === '' ? auditLines(findings, terminal.hasColours) : auditByTemplate(findings, template))
    return findings.length
  } catch (error) {
    if (error instanceof TemplateError)
      terminal.error(`ERROR in the template of --format: ${error.line}:${error.column}: ${error.message}`)
    else terminal.failure(error, 'auditing the configuration file')
    return undefined
  }
}

function severitiesOf(text: string | undefined): ReadonlySet<AuditSeverity> {
  const words = listIn(text ?? '').map(word => word.toUpperCase())
  if (words.length === 0) return new Set(SEVERITIES)
  for (const word of words) {
    if (SEVERITIES.includes(word as AuditSeverity)) continue
    const hint = suggestion(word, SEVERITIES)
    throw new UsageError(`unknown severity ${JSON.stringify(word)}${hint || `: one of ${SEVERITIES.join(', ')}`}`, 'audit')
  }
  return new Set(words as AuditSeverity[])
}

/** Returns what --ignore and --ignore-file list; undefined when the file cannot be read, which is told. */
async function ignoredRules(args: Arguments, terminal: Terminal): Promise<readonly string[] | undefined> {
  const rules = listIn(args.text('ignore') ?? '')
  const file = args.text('ignore-file')
  if (file === undefined || file === '') return rules
  try {
    const lines = (await readFile(file, 'utf8')).split(/\r?\n/)
    return [...rules, ...lines.flatMap(line => listIn(line.replace(/#.*$/, '')))]
  } catch (error) {
    terminal.failure(error, 'accessing the ignore file')
    return undefined
  }
}

const listIn = (text: string): string[] =>
  text
    .split(',')
    .map(word => word.trim())
    .filter(word => word !== '')
