/** A configuration's text as a tree that knows where each key and value stands, so that a text can be edited and keep its form. */

import type { Node as JsonNode } from 'jsonc-parser'
import type { SourceText } from '../source/source-text.js'

/** A stretch of the text. */
export interface Span {
  readonly start: number
  readonly end: number
}

export type MigrationNode =
  | { readonly kind: 'object'; readonly entries: readonly MigrationEntry[] }
  | { readonly kind: 'list'; readonly items: readonly MigrationNode[] }
  | { readonly kind: 'scalar'; readonly value: unknown; readonly span: Span }

/** A key with its value; `span` is that of the key, with its quotes. */
export interface MigrationEntry {
  readonly key: string
  readonly span: Span
  readonly value: MigrationNode
}

const NOTHING: MigrationNode = { kind: 'scalar', value: null, span: { start: 0, end: 0 } }

/** Reads the tree of a JSON or YAML text that is well-formed; undefined for TOML, whose parser tells no places. */
export async function readMigrationTree({ format, text }: SourceText): Promise<MigrationNode | undefined> {
  if (format === 'toml') return undefined
  if (format === 'yaml') return yamlTree(await import('yaml'), text)
  const { parseTree } = await import('jsonc-parser')
  return jsonTree(parseTree(text))
}

function jsonTree(node: JsonNode | undefined): MigrationNode {
  if (node === undefined) return NOTHING
  const children = node.children ?? []
  if (node.type === 'array') return { kind: 'list', items: children.map(jsonTree) }
  if (node.type !== 'object') return { kind: 'scalar', value: node.value, span: spanOf(node) }
  const entries = children.flatMap(({ children: [key, value] = [] }) =>
    key === undefined ? [] : [{ key: String(key.value), span: spanOf(key), value: jsonTree(value) }]
  )
  return { kind: 'object', entries }
}

const spanOf = ({ offset, length }: JsonNode): Span => ({ start: offset, end: offset + length })

function yamlTree({ parseDocument, isMap, isSeq, isScalar, isAlias }: typeof import('yaml'), text: string): MigrationNode {
  const document = parseDocument(text, { uniqueKeys: false })
  const treeOf = (given: unknown): MigrationNode => {
    const node = isAlias(given) ? given.resolve(document) : given
    if (isSeq(node)) return { kind: 'list', items: node.items.map(treeOf) }
    if (isMap(node)) {
      const entries = node.items.flatMap(({ key, value }) => {
        const range = isScalar(key) ? key.range : undefined
        return range
          ? [{ key: String((key as { value: unknown }).value), span: { start: range[0], end: range[1] }, value: treeOf(value) }]
          : []
      })
      return { kind: 'object', entries }
    }
    if (!isScalar(node) || !node.range) return NOTHING
    return { kind: 'scalar', value: node.value, span: { start: node.range[0], end: node.range[1] } }
  }
  return treeOf(document.contents)
}
