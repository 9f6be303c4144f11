/** Builds GraphQL-over-HTTP requests: everything that the configuration knows is written at boot. */

import { type LazyObject, stringifyJson } from 'sluice/plugin'

/** What the options say. */
export interface GraphqlOptions {
  readonly query: string
  /** '' = not sent. */
  readonly operationName: string
  readonly variables: { readonly [name: string]: unknown }
}

/** The three parts of a request, as JSON text. */
export interface GraphqlParts {
  readonly query: string
  readonly operationName: string
  /** A JSON object. */
  readonly variables: string
}

export type Params = Readonly<Record<string, string>>

/** `sent` are the client's variables; undefined where the configuration's alone count. */
export type BuildParts = (params: Params, sent: LazyObject | undefined) => GraphqlParts

/** One variable: fixed JSON text, or the name of a parameter. */
interface Variable {
  readonly name: string
  readonly text: string
  readonly param: string | undefined
}

/**
 * Compiles the parts. A variable whose whole value is `{name}` takes that parameter as a string, '' when there is none; the
 * client's variables win over the configuration's.
 * @param resolve the parameter that a placeholder means
 */
export function compileParts(options: GraphqlOptions, resolve: (placeholder: string) => string): BuildParts {
  const { query, operationName } = options
  const own = Object.keys(options.variables).map(name => readVariable(name, options.variables[name], resolve))
  own.sort(byName)
  const fixed = own.every(one => one.param === undefined) ? `{${own.map(one => one.text).join(',')}}` : undefined
  return (params, sent) => {
    if (sent === undefined && fixed !== undefined) return { query, operationName, variables: fixed }
    const parts: { name: string; text: string }[] = []
    for (const { name, text, param } of own) {
      if (sent?.has(name)) continue
      parts.push({ name, text: param === undefined ? text : text + JSON.stringify(params[param] ?? '') })
    }
    // sorted, as KrakenD sends them
    if (sent !== undefined) {
      for (const name of sent.keys()) parts.push({ name, text: `${JSON.stringify(name)}:${sent.text(name)!}` })
      parts.sort(byName)
    }
    return { query, operationName, variables: `{${parts.map(part => part.text).join(',')}}` }
  }
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1)

const PLACEHOLDER = /^\{(.+)\}$/s

function readVariable(name: string, value: unknown, resolve: (placeholder: string) => string): Variable {
  const key = `${JSON.stringify(name)}:`
  const match = typeof value === 'string' ? PLACEHOLDER.exec(value) : null
  if (match !== null) return { name, text: key, param: resolve(match[1]!) }
  return { name, text: `${key}${stringifyJson(value)}`, param: undefined }
}

/** The body of a POST; empty parts are left out, as in KrakenD. */
export function bodyOf({ query, operationName, variables }: GraphqlParts): string {
  let text = `{"query":${JSON.stringify(query)}`
  if (operationName !== '') text += `,"operationName":${JSON.stringify(operationName)}`
  if (variables !== '{}') text += `,"variables":${variables}`
  return `${text}}`
}

/** The query string of a GET. */
export function queryOf({ query, operationName, variables }: GraphqlParts): string {
  let text = `query=${encodeURIComponent(query)}`
  if (operationName !== '') text += `&operationName=${encodeURIComponent(operationName)}`
  if (variables !== '{}') text += `&variables=${encodeURIComponent(variables)}`
  return text
}
