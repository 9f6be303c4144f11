/** One operation of a document: what the endpoint lets through, what it checks, and how it is documented. */

import { isObject } from '../../config/json-value.js'
import type { Json, JsonObject } from '../../config/types.js'
import { endpointDocumentation } from './documentation.js'
import type { SoundDocument } from './read-document.js'
import { follow, followAll, membersOf, textOf } from './references.js'
import { standalone } from './schemas.js'
import { securityOf } from './security.js'

export interface OperationContext {
  readonly document: SoundDocument
  /** The Path Item that holds it. */
  readonly item: JsonObject
  readonly jwkUrl: string | undefined
  /** JSON pointer of the operation. */
  readonly pointer: string
  /** Names of the endpoint's parameters, by those of the document. */
  readonly names: ReadonlyMap<string, string>
  note(pointer: string, message: string, suggestion?: string): void
}

export interface ImportedOperation {
  readonly input_headers: readonly string[]
  readonly input_query_strings: readonly string[]
  readonly extra_config: JsonObject
  readonly asksForTokens: boolean
}

export function importOperation(operation: JsonObject, context: OperationContext): ImportedOperation {
  const { document, pointer } = context
  const { root } = document
  const parameters = parametersOf(operation, context)
  const security = securityOf(operation.security ?? root.security, root, context.jwkUrl)
  if (security.unchecked !== '') {
    const message = `the gateway does not check who calls: ${security.unchecked}`
    context.note(pointer, message, 'the backend must, or a plugin')
  }
  if (membersOf(operation.callbacks).length > 0) {
    context.note(`${pointer}/callbacks`, 'a callback is a call of the backend to its client, and does not pass the gateway')
  }
  const headers = new Set([...namesIn(parameters, 'header'), ...security.headers, ...negotiated(operation, root)])
  if (namesIn(parameters, 'cookie').length > 0) headers.add('Cookie')
  const schema = bodySchema(operation, context)
  return {
    input_headers: [...headers],
    input_query_strings: queriesOf(parameters, security.queries, context),
    extra_config: {
      'documentation/openapi': endpointDocumentation(operation, parameters, context),
      ...(schema === undefined ? {} : { 'validation/json-schema': schema }),
      ...(security.validator === undefined ? {} : { 'auth/validator': security.validator })
    },
    asksForTokens: security.validator !== undefined
  }
}

/** Those of the operation stand in place of those of the path with the same name and place. */
function parametersOf(operation: JsonObject, { document, item }: OperationContext): JsonObject[] {
  const found = new Map<string, JsonObject>()
  for (const one of [...followAll(item.parameters, document.root), ...followAll(operation.parameters, document.root)])
    found.set(`${textOf(one.in)} ${textOf(one.name)}`, one)
  return [...found.values()]
}

const namesIn = (parameters: readonly JsonObject[], where: string): string[] =>
  parameters.filter(one => one.in === where).map(one => textOf(one.name))

/** A parameter that is an object has names of its own in the query string. */
function queriesOf(parameters: readonly JsonObject[], more: readonly string[], context: OperationContext): string[] {
  const isOpen = (one: JsonObject): boolean => {
    const { type } = follow(one.schema, context.document.root)
    return one.style === 'deepObject' || type === 'object' || (Array.isArray(type) && type.includes('object'))
  }
  const open = parameters.find(one => one.in === 'query' && isOpen(one))
  if (open === undefined) return [...new Set([...namesIn(parameters, 'query'), ...more])]
  context.note(context.pointer, `the parameter ${textOf(open.name)} is an object: every query string goes on to the backend`)
  return ['*']
}

/** Responses of several types are chosen by Accept. */
function negotiated(operation: JsonObject, root: JsonObject): string[] {
  const types = new Set(
    membersOf(operation.responses).flatMap(([, one]) => membersOf(follow(one, root).content).map(([type]) => type))
  )
  return types.size > 1 ? ['Accept'] : []
}

const isJson = (type: string): boolean => /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)

/** The schema of a body that must be there and must be JSON; other bodies go on as they are. */
function bodySchema(operation: JsonObject, { document, pointer, note }: OperationContext): Json | undefined {
  const { root, is30 } = document
  if (operation.requestBody === undefined) return undefined
  const body = follow(operation.requestBody, root)
  const types = membersOf(body.content)
  const schemas = types.filter(([type]) => isJson(type)).map(([, media]) => follow(media, root).schema)
  const [schema] = schemas
  if (schema === undefined || (isObject(schema) && Object.keys(schema).length === 0)) return undefined
  const why =
    types.length > 1 ? 'the body may be of several types' : body.required === true ? undefined : 'the body may be missing'
  if (why !== undefined) {
    note(`${pointer}/requestBody`, `${why}: it is not checked`)
    return undefined
  }
  return standalone(schema, { root, is30, forRequest: true })
}
