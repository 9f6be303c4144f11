/** Finds the line and column of each finding in the text of a configuration. */

import { createRequire } from 'node:module'
import type { Node } from 'jsonc-parser'
import type { Document } from 'yaml'
import type { ConfigProblem } from '../../errors.js'
import type { ConfigFormat } from './config-format.js'
import type { SourceText } from './source-text.js'

/** Adds file, line and column to a finding; where nothing stands at the pointer, the place of what holds it. */
export type Locator = (problem: ConfigProblem) => ConfigProblem

/** Makes the locator of a text. A finding that has its line already is returned as it is. */
export async function locator(source: SourceText): Promise<Locator> {
  let offsets: Offsets | undefined
  const open = await OFFSETS[source.format](source.text)
  return problem => {
    if (problem.line !== undefined) return problem
    offsets ??= open()
    const path = problem.pointer
      .split('/')
      .slice(1)
      .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    const offset = offsets(path)
    return offset === undefined ? problem : { ...problem, ...source.placeOf(offset) }
  }
}

type Offsets = (path: readonly string[]) => number | undefined

const OFFSETS: { readonly [format in ConfigFormat]: (text: string) => Promise<() => Offsets> } = {
  json: jsonOffsets,
  yaml: yamlOffsets,
  toml: tomlOffsets
}

async function jsonOffsets(text: string): Promise<() => Offsets> {
  return () => {
    // Loaded for the first finding: most starts have none.
    const { parseTree } = createRequire(import.meta.url)('jsonc-parser') as typeof import('jsonc-parser')
    return findInJson(parseTree(text))
  }
}

function findInJson(root: Node | undefined): Offsets {
  return path => {
    let node = root
    let offset = root?.offset
    for (const token of path) {
      // The last of several equal keys counts, as in JSON.parse.
      const property =
        node?.type === 'object' ? node.children?.findLast(child => child.children?.[0]?.value === token) : undefined
      const next = node?.type === 'array' ? node.children?.[Number(token)] : property?.children?.[1]
      if (next === undefined) break
      offset = property?.offset ?? next.offset
      node = next
    }
    return offset
  }
}

async function tomlOffsets(text: string): Promise<() => Offsets> {
  const { findTomlOffsets } = await import('./toml-places.js')
  return () => findTomlOffsets(text)
}

async function yamlOffsets(text: string): Promise<() => Offsets> {
  const [yaml, { readNumbers }] = await Promise.all([import('yaml'), import('./yaml-numbers.js')])
  return () => findInYaml(yaml, text, readNumbers)
}

function findInYaml(
  { parseDocument, isMap, isSeq, isScalar, isNode, isAlias }: typeof import('yaml'),
  text: string,
  readNumbers: (document: Document.Parsed) => void
): Offsets {
  const document = parseDocument(text, { uniqueKeys: false })
  readNumbers(document)
  return path => {
    let node: unknown = document.contents
    let offset = isNode(node) ? node.range?.[0] : undefined
    for (const token of path) {
      if (isAlias(node)) node = node.resolve(document)
      if (isMap(node)) {
        const pair = node.items.findLast(item => isScalar(item.key) && String(item.key.value) === token)
        if (pair === undefined) break
        offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset
        node = pair.value
      } else if (isSeq(node)) {
        node = node.items[Number(token)]
        if (!isNode(node)) break
        offset = node.range?.[0] ?? offset
      } else break
    }
    return offset
  }
}
