/**
 * Runs in a thread of its own: validates the bodies that `thread-pool.ts` sends, one after the other.
 *
 * In: a schema, once, as it was read at boot, and bodies. Out: a verdict for each.
 */

import { isUtf8 } from 'node:buffer'
import { parentPort } from 'node:worker_threads'
import { parseJson } from 'sluice/plugin'
import { type CompiledSchema, compileSchema } from './schema.js'

/** A schema as it was read at boot. */
export interface SchemaSource {
  /** JSON, in which numbers have all their digits. */
  readonly schema: string
  /** Texts of the files that it refers to, by URI. */
  readonly files: ReadonlyMap<string, string | undefined>
}

/** One body to validate. */
export interface Task {
  /** Number of the schema. */
  readonly schema: number
  /** The schema itself, the first time that its number is used. */
  readonly source: SchemaSource | undefined
  readonly bytes: Uint8Array
}

export type Verdict =
  | { readonly kind: 'fits' }
  | { readonly kind: 'faults'; readonly lines: string }
  | { readonly kind: 'no JSON' | 'failed'; readonly message: string }

const schemas = new Map<number, Promise<CompiledSchema>>()

parentPort?.on('message', (task: Task) => void judge(task).then(verdict => parentPort!.postMessage(verdict)))

async function judge({ schema, source, bytes }: Task): Promise<Verdict> {
  if (source !== undefined) {
    schemas.set(
      schema,
      compileSchema(parseJson(source.schema), uri => source.files.get(uri))
    )
  }
  const buffer = Buffer.from(bytes.buffer)
  const text = buffer.toString('utf8')
  try {
    const { byteTest, validate } = await schemas.get(schema)!
    if (byteTest !== undefined && isUtf8(buffer) && isJson(text) && byteTest(buffer) === 'fits') return { kind: 'fits' }
    const value = parseJson(text)
    const lines = validate(value, typeof value === 'number' ? text.trim() : undefined)
    return lines === undefined ? { kind: 'fits' } : { kind: 'faults', lines }
  } catch (cause) {
    const kind = cause instanceof SyntaxError ? 'no JSON' : 'failed'
    return { kind, message: (cause as Error).message }
  }
}

/** @throws SyntaxError */
function isJson(text: string): boolean {
  JSON.parse(text)
  return true
}
