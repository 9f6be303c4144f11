/** The parameters of an operation: what stands in the path, and what the endpoint lets through. */

import type { EndpointConfig } from '../../config/types.js'
import type { Definition, EndpointDocumentation } from '../documentation.js'
import type { Parameter } from '../types.js'
import type { DocumentPath } from './paths.js'

/** Fields that OpenAPI describes elsewhere, by the media types of bodies and by security (OpenAPI 3.1 §4.8.12.2). */
const ELSEWHERE = new Set(['accept', 'content-type', 'authorization'])

export function parametersOf(endpoint: EndpointConfig, { names }: DocumentPath, docs: EndpointDocumentation): Parameter[] {
  return [...pathParameters(names, docs), ...queryParameters(endpoint, docs), ...headerParameters(endpoint, docs)]
}

function pathParameters(names: DocumentPath['names'], docs: EndpointDocumentation): Parameter[] {
  return names.map(({ own, name, isRest }) => {
    const definition = docs.params.find(one => one.name === own)
    const parameter = parameterOf('path', name, { ...definition, required: true })
    if (!isRest || parameter.description !== undefined) return parameter
    return { ...parameter, description: 'The rest of the path, with its slashes' }
  })
}

function queryParameters({ inputQueryStrings }: EndpointConfig, docs: EndpointDocumentation): Parameter[] {
  const all = inputQueryStrings.includes('*')
  const named = [
    ...new Set([...inputQueryStrings.filter(name => name !== '*'), ...(all ? docs.queries.map(one => one.name) : [])])
  ]
  const parameters = named.flatMap(name => {
    const definition = docs.queries.find(one => one.name === name)
    if (definition?.hide === true) return []
    // KrakenD takes a query string that is described for one that is needed, unless it says otherwise
    return [parameterOf('query', name, { ...definition, required: definition !== undefined && (definition.required ?? true) })]
  })
  if (!all) return parameters
  const others: Parameter = {
    name: 'query',
    in: 'query',
    required: false,
    description: 'Every query string goes on to the backends',
    style: 'form',
    explode: true,
    schema: { type: 'object', additionalProperties: { type: 'string' } }
  }
  return [...parameters, others]
}

function headerParameters({ inputHeaders }: EndpointConfig, docs: EndpointDocumentation): Parameter[] {
  const all = inputHeaders.includes('*')
  const names = new Map<string, string>()
  for (const name of [...inputHeaders.filter(one => one !== '*'), ...(all ? docs.headers.map(one => one.name) : [])]) {
    if (!names.has(name.toLowerCase())) names.set(name.toLowerCase(), name)
  }
  return [...names].flatMap(([lower, name]) => {
    const definition = docs.headers.find(one => one.name.toLowerCase() === lower)
    if (ELSEWHERE.has(lower) || definition?.hide === true) return []
    return [parameterOf('header', name, { ...definition, required: definition?.required ?? false })]
  })
}

function parameterOf(where: Parameter['in'], name: string, definition: Partial<Definition>): Parameter {
  const { description = '', schema = { type: 'string' }, example, examples } = definition
  return {
    name,
    in: where,
    required: definition.required ?? false,
    ...(description === '' ? {} : { description }),
    schema,
    ...(examples !== undefined
      ? { examples: Object.fromEntries(Object.entries(examples).map(([key, value]) => [key, { value }])) }
      : example === undefined
        ? {}
        : { example })
  }
}
