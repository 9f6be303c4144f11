/**
 * Schemas by their identifiers: the documents that were read, the resources in them (whatever has an identifier of its own)
 * and their anchors. It returns what a reference means.
 */

import { type Dialect, type Draft, dialectOf, draftOf } from './drafts.js'
import { SchemaError } from './errors.js'
import { metaschema } from './metaschemas.js'
import type { Document, Place, Resource } from './node.js'
import { memberOf, pointerTo, tokensOf } from './pointer.js'
import { resolveUri, splitFragment } from './uri.js'

/** `$recursiveAnchor: true` is a dynamic anchor without a name. */
export const RECURSIVE_ANCHOR = ''

type SchemaObject = Readonly<Record<string, unknown>>

export const isSchemaObject = (value: unknown): value is SchemaObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export class Registry {
  readonly documents: Document[] = []
  /** Schemas that stand for themselves, each to be checked against its metaschema: documents, and parts in another dialect. */
  readonly entries: Place[] = []
  private readonly resources = new Map<string, Resource>()
  private readonly load: (uri: string) => unknown

  /** `load` returns the document of an identifier that no schema has, undefined where there is none. */
  constructor(load: (uri: string) => unknown) {
    this.load = load
  }

  /**
   * Adds a document under `uri`, whose dialect is `fallback` unless it names one; one that is `trusted` needs no check.
   * Returns its root. @throws SchemaError
   */
  add(uri: string, value: unknown, fallback: Dialect, trusted = false): Place {
    const document: Document = { uri, value, fallback, schemas: new Map() }
    this.documents.push(document)
    const resource = this.collect(document, '', value, undefined)
    if (!this.resources.has(uri)) this.resources.set(uri, resource)
    const root: Place = { resource, pointer: '', value }
    if (!trusted) this.entries.push(root)
    return root
  }

  /** Notes a schema and all that are in it. Returns its resource. */
  private collect(document: Document, pointer: string, value: unknown, outer: Resource | undefined): Resource {
    const known = document.schemas.get(pointer)
    if (known !== undefined) return known
    const resource = this.resourceOf(document, pointer, value, outer)
    document.schemas.set(pointer, resource)
    if (!isSchemaObject(value)) return resource
    noteAnchors(resource, pointer, value)
    for (const [keyword, holds] of resource.dialect.draft.subschemas) {
      if (!Object.hasOwn(value, keyword)) continue
      const below = value[keyword]
      const at = pointerTo(pointer, keyword)
      if (holds === 'map') {
        if (isSchemaObject(below)) this.collectAll(document, at, Object.entries(below), resource)
      } else if (Array.isArray(below)) {
        if (holds !== 'schema') this.collectAll(document, at, below.entries(), resource)
      } else if (holds !== 'list' && isSchemaLike(below)) this.collect(document, at, below, resource)
    }
    return resource
  }

  private collectAll(document: Document, at: string, members: Iterable<[string | number, unknown]>, outer: Resource): void {
    for (const [key, value] of members) if (isSchemaLike(value)) this.collect(document, pointerTo(at, key), value, outer)
  }

  private resourceOf(document: Document, pointer: string, value: unknown, outer: Resource | undefined): Resource {
    const base = outer?.uri ?? document.uri
    let dialect = outer?.dialect ?? document.fallback
    let id: string | undefined
    if (isSchemaObject(value)) {
      const named = Object.hasOwn(value, '$schema') && typeof value.$schema === 'string' ? value.$schema : undefined
      const own = named === undefined ? dialect : this.dialect(named, pointerTo(pointer, '$schema'))
      id = idOf(own.draft, value)
      // Without an identifier of its own a schema cannot change the dialect.
      if (id !== undefined || outer === undefined) dialect = own
      else id = idOf(dialect.draft, value)
    }
    if (id === undefined && outer !== undefined) return outer
    const uri = id === undefined ? base : resolveUri(base, id)
    const resource: Resource = {
      uri,
      document,
      pointer,
      dialect,
      anchors: new Map(),
      dynamicAnchors: new Set(),
      dynamicNodes: new Map()
    }
    const known = this.resources.get(uri)
    if (known?.document === document) {
      throw new SchemaError(this.pointerFor(document, pointer), `the identifier ${uri} is given twice`)
    }
    this.resources.set(uri, resource)
    if (outer !== undefined && outer.dialect.metaschema !== dialect.metaschema) this.entries.push({ resource, pointer, value })
    return resource
  }

  /** The dialect that a `$schema` names. @throws SchemaError */
  private dialect(named: string, pointer: string): Dialect {
    const draft = draftOf(named)
    if (draft !== undefined) return dialectOf(draft)
    const { uri } = splitFragment(named)
    const document = uri === '' ? undefined : this.load(uri)
    const basis = isSchemaObject(document) && typeof document.$schema === 'string' ? draftOf(document.$schema) : undefined
    if (!isSchemaObject(document) || basis === undefined) {
      throw new SchemaError(pointer, `${named} is not a known draft (draft-04 to 2020-12)`)
    }
    return { draft: basis, vocabularies: vocabulariesOf(basis, document, named, pointer), metaschema: uri }
  }

  /** What a reference in `resource` means. @throws SchemaError at `from` when nothing has that name */
  resolve(resource: Resource, reference: string, from: string): Place {
    const unresolved = (why: string): SchemaError =>
      new SchemaError(
        this.pointerFor(resource.document, from),
        `cannot resolve the reference ${JSON.stringify(reference)}: ${why}`
      )
    const { uri, fragment = '' } = splitFragment(reference)
    const target = resolveUri(resource.uri, uri)
    let found = this.resources.get(target)
    if (found === undefined) {
      const bundled = metaschema(target)
      const document = bundled ?? this.load(target)
      if (document === undefined) throw unresolved(`no schema has the identifier ${target}`)
      this.add(target, document, resource.dialect, bundled !== undefined)
      found = this.resources.get(target)!
    }
    let name: string
    try {
      name = decodeURIComponent(fragment)
    } catch {
      throw unresolved('its fragment is not percent-encoded')
    }
    if (name !== '' && !name.startsWith('/')) {
      const pointer = found.anchors.get(name)
      if (pointer === undefined) throw unresolved(`there is no anchor '${name}' in ${target}`)
      return this.place(found.document, pointer)!
    }
    const place = this.place(found.document, found.pointer + name)
    if (place === undefined) throw unresolved('nothing stands there')
    return place
  }

  /** What stands at a pointer of a document, seen as a schema; undefined when nothing does. */
  place(document: Document, pointer: string): Place | undefined {
    let value = document.value
    let at = ''
    let resource = document.schemas.get('')!
    for (const token of tokensOf(pointer) ?? [undefined]) {
      if (token === undefined) return undefined
      value = memberOf(value, token)
      if (value === undefined) return undefined
      at = pointerTo(at, token)
      resource = document.schemas.get(at) ?? resource
    }
    if (document.schemas.has(at)) return { resource, pointer: at, value }
    // a schema where the draft has none
    const place: Place = { resource: this.collect(document, at, value, resource), pointer: at, value }
    this.entries.push(place)
    return place
  }

  /** A pointer into the schema that is compiled; '' for all that stands in other documents. */
  pointerFor(document: Document, pointer: string): string {
    return document === this.documents[0] ? pointer : ''
  }
}

const isSchemaLike = (value: unknown): boolean => isSchemaObject(value) || typeof value === 'boolean'

/** The identifier of a schema without its fragment; undefined when it has none. */
function idOf({ version, idKeyword }: Draft, schema: SchemaObject): string | undefined {
  // Before 2019-09 what stands beside `$ref` is ignored.
  if (version < 2019 && Object.hasOwn(schema, '$ref')) return undefined
  const id = Object.hasOwn(schema, idKeyword) ? schema[idKeyword] : undefined
  if (typeof id !== 'string') return undefined
  const { uri } = splitFragment(id)
  return uri === '' ? undefined : uri
}

function noteAnchors(resource: Resource, pointer: string, schema: SchemaObject): void {
  const { version, idKeyword } = resource.dialect.draft
  const add = (name: string): void => {
    const known = resource.anchors.get(name)
    if (known !== undefined && known !== pointer) {
      throw new SchemaError(pointer, `the anchor '${name}' is given twice`)
    }
    resource.anchors.set(name, pointer)
  }
  if (version < 2019) {
    const id = Object.hasOwn(schema, '$ref') ? undefined : schema[idKeyword]
    const fragment = typeof id === 'string' ? splitFragment(id).fragment : undefined
    if (fragment !== undefined && fragment !== '' && !fragment.startsWith('/')) add(fragment)
    return
  }
  if (typeof schema.$anchor === 'string') add(schema.$anchor)
  if (version === 2019) {
    if (schema.$recursiveAnchor === true && pointer === resource.pointer) resource.dynamicAnchors.add(RECURSIVE_ANCHOR)
  } else if (typeof schema.$dynamicAnchor === 'string') {
    add(schema.$dynamicAnchor)
    resource.dynamicAnchors.add(schema.$dynamicAnchor)
  }
}

function vocabulariesOf(draft: Draft, document: SchemaObject, named: string, pointer: string): Set<string> | undefined {
  const { $vocabulary: asked } = document
  const prefix = draft.vocabularyPrefix
  if (prefix === undefined || !isSchemaObject(asked)) return undefined
  const names = new Set<string>()
  for (const [uri, required] of Object.entries(asked)) {
    const name = uri.startsWith(prefix) ? uri.slice(prefix.length) : undefined
    if (name !== undefined && draft.vocabularies.includes(name)) {
      // `format` may be known without being an assertion; format-assertion is nothing but one.
      if (required === true || name !== 'format') names.add(name)
    } else if (required === true) throw new SchemaError(pointer, `${named} requires the vocabulary ${uri}, which is not known`)
  }
  return names
}
