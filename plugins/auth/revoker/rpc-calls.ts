/** The methods of KrakenD's `BloomfilterRPC`: arguments and results of each. */

import { type Encodable, GOB, type GobType } from './gob/encoder.js'
import { type GobValue, isStruct } from './gob/types.js'
import { maxMarshalledBytes } from './marshalled.js'
import type { OpenBook } from './revocation-book.js'
import { inSlices, type SlidingFilter } from './sliding-filter.js'

/** What the caller is told: its argument cannot be used. The connection goes on. */
class CallRefused extends Error {
  override readonly name = 'CallRefused'
}

export interface RpcMethod {
  readonly result: GobType
  /** bytes of the argument. */
  limit(filter: SlidingFilter): number
  /** @rejects Error whose text the caller gets */
  call(argument: GobValue, book: OpenBook): Promise<Encodable>
}

/** bytes of a list of elements: some 100,000 identifiers of tokens. */
export const MAX_LIST_BYTES = 4 * 1024 * 1024
/** bytes; a longer element is in no token, whose length is limited to this. */
export const MAX_ELEMENT_BYTES = 64 * 1024

const resultOf = (name: string, field: string, type: GobType): GobType => ({ kind: 'struct', name, fields: [[field, type]] })

const METHODS: ReadonlyMap<string, RpcMethod> = new Map([
  [
    'BloomfilterRPC.Add',
    {
      result: resultOf('AddOutput', 'Count', GOB.int),
      limit: () => MAX_LIST_BYTES,
      async call(argument, book) {
        const elements = elementsOf(argument)
        await book.add(elements)
        return { Count: elements.length }
      }
    } satisfies RpcMethod
  ],
  [
    'BloomfilterRPC.Check',
    {
      result: resultOf('CheckOutput', 'Checks', { kind: 'slice', elem: GOB.bool }),
      limit: () => MAX_LIST_BYTES,
      call: async (argument, { has }) => ({ Checks: await inSlices(elementsOf(argument), has) })
    } satisfies RpcMethod
  ],
  [
    'BloomfilterRPC.Union',
    {
      result: resultOf('UnionOutput', 'Capacity', GOB.float),
      limit: filter => Math.max(MAX_LIST_BYTES, maxMarshalledBytes(filter)),
      async call(argument, book) {
        const bytes = isStruct(argument) ? argument.BF : undefined
        if (!(bytes instanceof Uint8Array)) throw new CallRefused('the argument has no filter BF')
        await book.unite(bytes)
        return { Capacity: book.filter.fill }
      }
    } satisfies RpcMethod
  ]
])

/** Returns a method by its name, or the error of Go's server when there is none. */
export function methodOf(name: string): RpcMethod | string {
  const method = METHODS.get(name)
  if (method !== undefined) return method
  const dot = name.lastIndexOf('.')
  if (dot < 0) return `rpc: service/method request ill-formed: ${name}`
  return name.slice(0, dot) === 'BloomfilterRPC' ? `rpc: can't find method ${name}` : `rpc: can't find service ${name}`
}

/** Reads `{Elems [][]byte}`. A list that was not sent is empty. */
function elementsOf(argument: GobValue): Uint8Array[] {
  if (!isStruct(argument)) throw new CallRefused('the argument is no struct with Elems')
  const { Elems } = argument
  if (Elems === undefined) {
    if (Object.keys(argument).length > 0) throw new CallRefused('the argument has fields, and none is Elems')
    return []
  }
  if (!Array.isArray(Elems)) throw new CallRefused('Elems is no list')
  return Elems.map(element => {
    if (!(element instanceof Uint8Array)) throw new CallRefused('an item of Elems is not []byte')
    if (element.length > MAX_ELEMENT_BYTES) throw new CallRefused(`an element has more than ${MAX_ELEMENT_BYTES} bytes`)
    return element
  })
}
