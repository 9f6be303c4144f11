/** The metaschemas of the drafts, as json-schema.org publishes them. */

import { readFileSync } from 'node:fs'
import { splitFragment } from './uri.js'

const FILES: readonly (readonly [start: string, file: string])[] = [
  ['http://json-schema.org/draft-04/', 'draft-04.json'],
  ['http://json-schema.org/draft-06/', 'draft-06.json'],
  ['http://json-schema.org/draft-07/', 'draft-07.json'],
  ['https://json-schema.org/draft/2019-09/', '2019-09.json'],
  ['https://json-schema.org/draft/2020-12/', '2020-12.json']
]

const read = new Map<string, ReadonlyMap<string, object>>()

/** Returns the metaschema, or the part of one, that has this identifier. */
export function metaschema(uri: string): object | undefined {
  const file = FILES.find(([start]) => uri.startsWith(start))?.[1]
  if (file === undefined) return undefined
  let documents = read.get(file)
  if (documents === undefined) {
    const list = JSON.parse(readFileSync(new URL(`./metaschemas/${file}`, import.meta.url), 'utf8')) as MetaSchema[]
    documents = new Map(list.map(document => [splitFragment(document.$id ?? document.id ?? '').uri, document]))
    read.set(file, documents)
  }
  return documents.get(uri)
}

interface MetaSchema {
  readonly id?: string
  readonly $id?: string
}
