/** The drafts of JSON Schema: where each keeps its subschemas, and which of its keywords are in force. */

/** What stands under a keyword: a schema, a list of schemas, an object of schemas, or either of the first two. */
export type Holds = 'schema' | 'list' | 'map' | 'schema or list'

export interface Draft {
  /** 4, 6, 7, 2019 or 2020 */
  readonly version: number
  /** Identifier of its metaschema. */
  readonly uri: string
  /** The keyword that names a schema. */
  readonly idKeyword: 'id' | '$id'
  readonly subschemas: ReadonlyMap<string, Holds>
  /** What the names of its vocabularies begin with, and those of its metaschema. */
  readonly vocabularyPrefix: string | undefined
  readonly vocabularies: readonly string[]
}

const DRAFT_4: [string, Holds][] = [
  ['definitions', 'map'],
  ['not', 'schema'],
  ['allOf', 'list'],
  ['anyOf', 'list'],
  ['oneOf', 'list'],
  ['properties', 'map'],
  ['additionalProperties', 'schema'],
  ['patternProperties', 'map'],
  ['items', 'schema or list'],
  ['additionalItems', 'schema'],
  ['dependencies', 'map']
]
const DRAFT_6: [string, Holds][] = [...DRAFT_4, ['propertyNames', 'schema'], ['contains', 'schema']]
const DRAFT_7: [string, Holds][] = [...DRAFT_6, ['if', 'schema'], ['then', 'schema'], ['else', 'schema']]
const DRAFT_2019: [string, Holds][] = [
  ...DRAFT_7,
  ['$defs', 'map'],
  ['dependentSchemas', 'map'],
  ['unevaluatedProperties', 'schema'],
  ['unevaluatedItems', 'schema'],
  ['contentSchema', 'schema']
]
const DRAFT_2020: [string, Holds][] = [...DRAFT_2019, ['prefixItems', 'list']]

const old = (version: number, uri: string, subschemas: [string, Holds][]): Draft => ({
  version,
  uri,
  idKeyword: version === 4 ? 'id' : '$id',
  subschemas: new Map(subschemas),
  vocabularyPrefix: undefined,
  vocabularies: []
})

const withVocabularies = (version: number, name: string, subschemas: [string, Holds][], vocabularies: string[]): Draft => ({
  ...old(version, `https://json-schema.org/draft/${name}/schema`, subschemas),
  vocabularyPrefix: `https://json-schema.org/draft/${name}/vocab/`,
  vocabularies
})

export const DRAFTS: readonly Draft[] = [
  old(4, 'http://json-schema.org/draft-04/schema', DRAFT_4),
  old(6, 'http://json-schema.org/draft-06/schema', DRAFT_6),
  old(7, 'http://json-schema.org/draft-07/schema', DRAFT_7),
  withVocabularies(2019, '2019-09', DRAFT_2019, ['core', 'applicator', 'validation', 'meta-data', 'format', 'content']),
  withVocabularies(2020, '2020-12', DRAFT_2020, [
    'core',
    'applicator',
    'unevaluated',
    'validation',
    'meta-data',
    'format-annotation',
    'format-assertion',
    'content'
  ])
]

export const DEFAULT_DRAFT: Draft = DRAFTS.at(-1)!

/** The draft whose metaschema a `$schema` names, with either scheme; json-schema.org/schema is the latest. Undefined for any other. */
export function draftOf(uri: string): Draft | undefined {
  const name = uri.replace(/^https?:\/\//, '').replace(/#$/, '')
  if (name === 'json-schema.org/schema') return DEFAULT_DRAFT
  return DRAFTS.find(draft => draft.uri.endsWith(`//${name}`))
}

/** A draft, and those of its vocabularies that a metaschema asks for. */
export interface Dialect {
  readonly draft: Draft
  /** undefined = those that the draft's own metaschema makes assert. */
  readonly vocabularies: ReadonlySet<string> | undefined
  /** Identifier of the metaschema that its schemas must fit. */
  readonly metaschema: string
}

const ASSERTING = new Set(['core', 'applicator', 'unevaluated', 'validation'])

/** Tells whether a vocabulary's keywords act. Before 2019-09 there are no vocabularies, and everything acts. */
export function acts({ draft, vocabularies }: Dialect, name: string): boolean {
  return draft.version < 2019 || name === 'core' || (vocabularies ?? ASSERTING).has(name)
}

/** Tells whether `format` is an assertion: up to draft 7, and where a metaschema asks for it. */
export function assertsFormat(dialect: Dialect): boolean {
  if (dialect.draft.version < 2019) return true
  return dialect.vocabularies?.has(dialect.draft.version === 2019 ? 'format' : 'format-assertion') ?? false
}

export const dialectOf = (draft: Draft): Dialect => ({ draft, vocabularies: undefined, metaschema: draft.uri })
