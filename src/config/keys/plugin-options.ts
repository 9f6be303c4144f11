/** Forms of the core namespaces whose options other rooms read: plugins and logging. Faulty options are left out. */

import { PLUGIN_NAMESPACES } from '../../plugin/load/registry.js'
import { LOG_LEVELS } from '../../telemetry/logger.js'
import type { ExtraParts } from '../extra-config.js'
import { type Findings, pointerTo } from '../findings.js'
import { isObject } from '../json-value.js'
import { isFreeKey } from '../object-reader.js'
import { didYouMean, nearest } from '../suggest.js'
import type { ExtraConfig, Json } from '../types.js'
import { optionsReader } from './proxy-options.js'

const LOGGING_TEXTS = ['prefix', 'custom_format', 'syslog_facility']
const LOGGING_SWITCHES = ['syslog', 'stdout']
const FORMATS = ['default', 'logstash', 'custom']
const ACCESS_LOG_FORMATS = ['default', 'json']
const ENTERPRISE_ACCESS_LOG_FORMATS = ['httpdCommon', 'httpdCombined', 'custom']

/** Returns the `extra_config` without what is wrong in it. */
export function checkedExtra(parts: ExtraParts, findings: Findings): ExtraConfig {
  let extra = parts.extra
  for (const namespace of PLUGIN_NAMESPACES) {
    const options = extra[namespace]
    if (options === undefined || isPluginOptions(options)) continue
    checkName(namespace, options, parts.pointerOf(namespace), findings)
    extra = without(extra, namespace)
  }
  return extra['telemetry/logging'] === undefined ? extra : checkLogging(parts, extra, findings)
}

/** A block without a name runs no plugin, in KrakenD too; a name of another type and a misspelled key are faults. */
function checkName(namespace: string, options: Json, pointer: string, findings: Findings): void {
  const wanted = 'the name of a plugin, or a list of names'
  const keys = isObject(options) ? Object.keys(options).filter(key => options[key] !== null && !isFreeKey(key)) : ['name']
  const fault = keys.find(key => nearest(key, ['name']) !== undefined)
  if (fault === undefined)
    findings.add('warning', pointer, `'${namespace}' has no "name" and runs no plugin`, `give ${wanted}, or remove the block`)
  else findings.add('error', pointerTo(pointer, fault), `'${namespace}' needs "name": ${wanted}`)
}

function isPluginOptions(options: Json): boolean {
  if (!isObject(options)) return false
  const { name } = options
  return typeof name === 'string' || (Array.isArray(name) && name.every(item => typeof item === 'string'))
}

function without(object: { readonly [key: string]: Json }, key: string): ExtraConfig {
  const copy: Record<string, Json> = Object.assign(Object.create(null), object)
  delete copy[key]
  return copy
}

function checkLogging(parts: ExtraParts, extra: ExtraConfig, findings: Findings): ExtraConfig {
  const reader = optionsReader(parts, 'telemetry/logging', findings)
  const before = findings.problems.length
  const level = reader.string('level', '')
  if (level !== '' && !(LOG_LEVELS as readonly string[]).includes(level.toUpperCase())) {
    findings.add(
      'error',
      reader.at('level'),
      `unknown log level '${level}'`,
      didYouMean(level, LOG_LEVELS) ?? `one of ${LOG_LEVELS.join(', ')}`
    )
  }
  for (const key of LOGGING_TEXTS) reader.string(key, '')
  for (const key of LOGGING_SWITCHES) reader.boolean(key, false)
  reader.choice('format', FORMATS, 'default')
  const accessLog = reader.raw('access_log_format')
  const enterprise = typeof accessLog === 'string' && ENTERPRISE_ACCESS_LOG_FORMATS.includes(accessLog)
  if (!enterprise) reader.choice('access_log_format', ACCESS_LOG_FORMATS, 'default')
  else {
    const message = `the access log format '${accessLog}' is of KrakenD Enterprise, 'default' is used`
    findings.add('warning', reader.at('access_log_format'), message, '`"json"` has one object for each request')
  }
  reader.ignore('backend', 'access_log_custom_format', 'backend_log_format')
  reader.finish()
  // Each faulty key keeps its default.
  let options = extra['telemetry/logging'] as { readonly [key: string]: Json }
  if (!isObject(options)) return without(extra, 'telemetry/logging')
  if (enterprise) options = without(options, 'access_log_format') as { readonly [key: string]: Json }
  for (const problem of findings.problems.slice(before)) {
    if (problem.level === 'error') options = without(options, problem.pointer.slice(problem.pointer.lastIndexOf('/') + 1))
  }
  return options === extra['telemetry/logging']
    ? extra
    : Object.assign(Object.create(null), extra, { 'telemetry/logging': options })
}
