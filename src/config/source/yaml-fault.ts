/** What YAML allows and a configuration cannot hold: values that are no JSON, keys that are no texts, a second directive. */

import { type Document, isAlias, isCollection, isScalar, visit } from 'yaml'

/** A fault of a document that was parsed. */
export interface YamlFault {
  readonly offset: number
  readonly message: string
}

/** Types of YAML 1.1 that JSON does not have. */
const FOREIGN_TAGS = /^tag:yaml\.org,2002:(?:binary|omap|pairs|set)$/

/** Finds the first fault; undefined when there is none. */
export function findYamlFault(text: string, document: Document.Parsed): YamlFault | undefined {
  const directive = secondDirective(text)
  if (directive !== undefined) return { offset: directive, message: 'a second %YAML directive' }
  let fault: YamlFault | undefined
  visit(document, {
    Node(_key, node) {
      if (node.tag === undefined || !FOREIGN_TAGS.test(node.tag)) return undefined
      const name = node.tag.slice(node.tag.lastIndexOf(':') + 1)
      fault = { offset: node.range?.[0] ?? 0, message: `a configuration holds no values of the type !!${name}` }
      return visit.BREAK
    },
    Pair(_key, { key }) {
      const meant = isAlias(key) ? key.resolve(document) : key
      if (!isCollection(meant) && !(isScalar(meant) && meant.value === null)) return undefined
      const range = isAlias(key) || isCollection(key) || isScalar(key) ? key.range : undefined
      fault = { offset: range?.[0] ?? 0, message: 'a key of a configuration is a text' }
      return visit.BREAK
    }
  })
  return fault
}

/** Directives stand before `---`. */
function secondDirective(text: string): number | undefined {
  const head = text.slice(0, /^---/m.exec(text)?.index ?? 0)
  return [...head.matchAll(/^%YAML\s/gm)][1]?.index
}
