/** The methods that proto files declare. */

import type { MethodDefinition, PackageDefinition } from '@grpc/proto-loader'

/** What a query value is turned into before it is encoded. */
export type FieldKind = 'text' | 'number' | 'bool'

export interface GrpcField {
  readonly kind: FieldKind
  readonly repeated: boolean
}

export interface GrpcMethod {
  /** `/package.Service/Method`. */
  readonly path: string
  readonly streamsAnswers: boolean
  /** The client would have to send several messages: not possible over one HTTP request. */
  readonly streamsRequests: boolean
  /** Fields of the request message, under the names that JSON uses and those of the proto file. */
  readonly fields: ReadonlyMap<string, GrpcField>
  encode(message: object): Buffer
  decode(bytes: Buffer): object
}

/** All methods by `/package.Service/Method`. */
export function methodsOf(definition: PackageDefinition): Map<string, GrpcMethod> {
  const methods = new Map<string, GrpcMethod>()
  for (const entry of Object.values(definition)) {
    if ('format' in entry) continue // a message or an enum
    for (const method of Object.values(entry as Record<string, MethodDefinition<object, object>>)) {
      methods.set(method.path, {
        path: method.path,
        streamsAnswers: method.responseStream,
        streamsRequests: method.requestStream,
        fields: fieldsOf(method.requestType.type),
        encode: method.requestSerialize,
        decode: method.responseDeserialize
      })
    }
  }
  return methods
}

interface FieldDescriptor {
  readonly name: string
  readonly jsonName?: string
  readonly label: string
  readonly type: string
}

const TEXTS: ReadonlySet<string> = new Set(['TYPE_STRING', 'TYPE_BYTES', 'TYPE_ENUM', 'TYPE_MESSAGE', 'TYPE_GROUP'])

function fieldsOf(type: object): Map<string, GrpcField> {
  const fields = new Map<string, GrpcField>()
  for (const { name, jsonName, label, type: of } of (type as { field?: readonly FieldDescriptor[] }).field ?? []) {
    if (of === 'TYPE_MESSAGE' || of === 'TYPE_GROUP') continue // cannot be written as one query value
    const kind = of === 'TYPE_BOOL' ? 'bool' : TEXTS.has(of) ? 'text' : 'number'
    const field: GrpcField = { kind, repeated: label === 'LABEL_REPEATED' }
    fields.set(name, field)
    fields.set(jsonName || camelCase(name), field)
  }
  return fields
}

function camelCase(name: string): string {
  return name.replace(/_+([a-zA-Z0-9])/g, (_all, letter: string) => letter.toUpperCase())
}

/**
 * Returns a function that finds the method of a call: fixed by the options, or the last segments of the path.
 * @throws Error for a service or method that no proto file has
 */
export function compileMethodChoice(
  methods: ReadonlyMap<string, GrpcMethod>,
  service: string | undefined,
  method: string | undefined
): (path: string) => GrpcMethod | undefined {
  if (service === undefined) {
    if (method !== undefined) throw new Error("'method' needs 'service' beside it")
    return path => methods.get(path.slice(path.lastIndexOf('/', path.lastIndexOf('/') - 1)))
  }
  const prefix = `/${service}/`
  const own = [...methods.keys()].filter(path => path.startsWith(prefix)).map(path => path.slice(prefix.length))
  if (own.length === 0) {
    const known = new Set([...methods.keys()].map(path => path.slice(1, path.lastIndexOf('/'))))
    throw new Error(`the proto files have no service '${service}'; they have ${[...known].join(', ') || 'none'}`)
  }
  if (method === undefined) return path => methods.get(prefix + path.slice(path.lastIndexOf('/') + 1))
  const chosen = methods.get(prefix + method)
  if (chosen === undefined) throw new Error(`service '${service}' has no method '${method}'; it has ${own.join(', ')}`)
  if (chosen.streamsRequests) throw new Error(`method '${method}' takes a stream of messages, which HTTP cannot send it`)
  return () => chosen
}
