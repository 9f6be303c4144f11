/** Lines for Logstash: one JSON object each, as `telemetry/logstash` writes them. */

import { hostname } from 'node:os'
import type { Json } from '../config/types.js'
import { isoTime } from './clock.js'
import { boundedText, textOf } from './log-text.js'
import type { LogLevel } from './logger.js'

/** Makes one line of the values that were logged, without its line feed. */
export type RecordFormat = (level: LogLevel, values: readonly unknown[], now: number) => string

/** True when the component is configured: its presence is enough, `"enabled": false` takes it back. */
export function wantsLogstash(config: Json | undefined): boolean {
  if (config === undefined) return false
  return !(typeof config === 'object' && config !== null && 'enabled' in config && config.enabled === false)
}

/** Fields that every record has; an object's fields of these names are passed over. */
const OWN: ReadonlySet<string> = new Set(['@timestamp', '@version', 'host', 'level', 'message', 'module', 'worker'])

/**
 * Compiles the format; `module` is the name of the service in it. Values make the message; of plain objects behind the first
 * value the fields become fields of the record.
 * @param worker the number of the worker that logs; undefined = the process serves alone
 */
export function compileLogstash(module: string, worker?: number): RecordFormat {
  const host = JSON.stringify(hostname())
  const tail = `,"module":${JSON.stringify(module)}${worker === undefined ? '' : `,"worker":${worker}`}`
  return (level, values, now) => {
    let message = values.length === 0 ? '' : textOf(values[0])
    let more = ''
    for (let i = 1; i < values.length; i++) {
      const value = values[i]
      if (isPlain(value)) more += fieldsOf(value)
      else message += ` ${textOf(value)}`
    }
    const shown = level === 'FATAL' ? 'CRITICAL' : level
    return `{"@timestamp":"${isoTime(now)}","@version":1,"host":${host},"level":"${shown}","message":${JSON.stringify(boundedText(message))}${tail}${more}}`
  }
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function fieldsOf(object: Record<string, unknown>): string {
  let text = ''
  for (const name of Object.keys(object)) {
    if (OWN.has(name)) continue
    let json: string | undefined
    try {
      json = JSON.stringify(object[name])
    } catch {
      json = undefined // a cycle, a number without end: its text will do
    }
    if (json !== undefined && boundedText(json) !== json) json = JSON.stringify(boundedText(json))
    text += `,${JSON.stringify(name)}:${json ?? JSON.stringify(boundedText(textOf(object[name])))}`
  }
  return text
}
