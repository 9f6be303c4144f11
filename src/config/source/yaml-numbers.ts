/** Numbers of YAML as KrakenD's parser (yaml.v3) reads them: also `1_000`, `0b11`, `017`. Keys stay as they are written. */

import { type Document, Scalar, visit } from 'yaml'

/** Plain scalars that YAML 1.2 reads as texts, or as other numbers. */
const UNUSUAL = /^[-+]?(?:\d[\d.]*_|0[0-7bBoOxX])/

const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:e[-+]?\d+)?$/i
const WITH_BASE = /^([-+]?)(?:0x([\da-f]+)|0b([01]+)|0o?([0-7]+))$/i
const BASES = [16, 2, 8] as const

/** Gives keys and values of a document what they are in KrakenD. */
export function readNumbers(document: Document.Parsed): void {
  visit(document, {
    Scalar(key, node) {
      const { source } = node
      if (node.type !== Scalar.PLAIN || node.tag !== undefined || source === undefined) return
      if (key === 'key') {
        if (typeof node.value === 'number') node.value = source
      } else if (UNUSUAL.test(source)) node.value = numberIn(source) ?? source
      else if (isTooLarge(node.value, source)) node.value = source
    }
  })
}

/** Returns the number that a text is; undefined for what is text. */
function numberIn(source: string): number | undefined {
  const text = source.replaceAll('_', '')
  const [, sign, ...digits] = WITH_BASE.exec(text) ?? []
  const at = digits.findIndex(one => one !== undefined)
  if (at !== -1) return (sign === '-' ? -1 : 1) * Number.parseInt(digits[at]!, BASES[at]!)
  return FLOAT.test(text) ? Number(text) : undefined
}

/** True for `1e400`: a number that no double holds is a text. */
const isTooLarge = (value: unknown, source: string): boolean => Math.abs(value as number) === Infinity && /\d/.test(source)
