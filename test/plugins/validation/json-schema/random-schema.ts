/** Random schemas as texts, and random values for them. */

import { pick, type Random } from '../../../encoding/json/random.js'

const NAMES = ['a', 'b', 'c', 'id', '__proto__', 'é', 'constructor']
const SCALARS = [
  '1',
  '2.50',
  '-3',
  '0',
  '-0',
  '1e2',
  '9007199254740993',
  '0.1',
  '"x"',
  '"xyz"',
  '"A-12"',
  '"é\\u0061"',
  '"\\"q"',
  'true',
  'null',
  '""'
]

/** Where no two values are asked to differ, names may stand twice. */
export function randomValue(random: Random, depth: number): string {
  const kind = depth <= 0 ? 0 : random()
  if (kind < 0.4) return pick(random, SCALARS)
  const space = random() < 0.1 ? pick(random, [' ', '\n', '\t ']) : ''
  const parts = Array.from({ length: Math.floor(random() * 4) }, () => `${space}${randomValue(random, depth - 1)}${space}`)
  if (kind < 0.6) return `[${parts.join() || space}]`
  const name = (): string => (random() < 0.05 ? '"\\u0061"' : JSON.stringify(pick(random, NAMES)))
  return `{${parts.map(part => `${space}${name()}${space}:${part}`).join() || space}}`
}

const TYPES = [
  '"object"',
  '"array"',
  '"number"',
  '"integer"',
  '"string"',
  '"boolean"',
  '["object","array","null"]',
  '["string","integer"]'
]

export function randomSchema(random: Random, depth: number): string {
  if (depth <= 0 || random() < 0.1)
    return pick(random, ['true', 'false', '{}', '{"type":"string"}', '{"type":["object","integer"]}'])
  const sub = (): string => randomSchema(random, depth - 1)
  const map = (): string => `{${NAMES.filter(() => random() < 0.4).map(name => `${JSON.stringify(name)}:${sub()}`)}}`
  const list = (): string => `[${[sub(), sub(), sub()].slice(0, 1 + Math.floor(random() * 3))}]`
  const count = (): number => Math.floor(random() * 4)
  const keywords: (() => string)[] = [
    () => `"type":${pick(random, TYPES)}`,
    () => `"properties":${map()}`,
    () => `"properties":${map()},"additionalProperties":false`,
    () => `"required":["${pick(random, NAMES)}"]`,
    () => `"additionalProperties":${sub()}`,
    () => `"patternProperties":{"${pick(random, ['^a', '[bc]', '', 'é'])}":${sub()}}`,
    () => `"propertyNames":{"maxLength":${1 + count()},"pattern":"${pick(random, ['^[a-d_]', 'd$', ''])}"}`,
    () => `"maxProperties":${count()}`,
    () => `"minProperties":${count()}`,
    () => `"items":${sub()}`,
    () => `"prefixItems":${list()}`,
    () => `"prefixItems":${list()},"items":${sub()}`,
    () => `"minItems":${count()}`,
    () => `"maxItems":${count()}`,
    () => `"uniqueItems":${pick(random, ['true', 'false'])}`,
    () => `"contains":${sub()}`,
    () => `"contains":${sub()},"minContains":${count()},"maxContains":${count()}`,
    () => `"const":${randomValue(random, 1)}`,
    () => `"enum":[${randomValue(random, 1)},${randomValue(random, 0)},${randomValue(random, 0)}]`,
    () => `"allOf":${list()}`,
    () => `"anyOf":${list()}`,
    () => `"oneOf":${list()}`,
    () => `"not":${sub()}`,
    () => `"if":${sub()},"then":${sub()},"else":${sub()}`,
    () => `"dependentRequired":{"a":["${pick(random, NAMES)}"]}`,
    () => `"dependentSchemas":{"b":${sub()}}`,
    () => '"$ref":"#/$defs/one"',
    () => '"$ref":"#"',
    () => `"unevaluatedProperties":${sub()}`,
    () => '"unevaluatedProperties":false',
    () => `"unevaluatedItems":${sub()}`,
    () => '"unevaluatedItems":false',
    () => `"$dynamicRef":"#${pick(random, ['node', 'other'])}"`,
    () => '"$recursiveRef":"#"',
    () => `"$ref":"http://x.test/${pick(random, ['inner', 'outer'])}"`,
    () => `"dependencies":{"a":${sub()}}`,
    () => `"dependencies":{"a":["c"]}`,
    () => `"minimum":${pick(random, ['2', '0', '9007199254740992', '-1e-400'])}`,
    () => `"exclusiveMaximum":${pick(random, ['2.5', '100', '1e400'])}`,
    () => `"multipleOf":${pick(random, ['0.5', '0.1', '1'])}`,
    () => `"maxLength":${count()}`,
    () => `"minLength":${count()},"maxLength":4`,
    () => `"pattern":"${pick(random, ['^x', '^[A-Z]-\\\\d+$', 'é', '^(?:x|xyz)$', '\\\\bq'])}"`,
    () => '"unknown":{"properties":{"a":false}}'
  ]
  const chosen = new Map<string, string>()
  for (let i = 0; i < 1 + Math.floor(random() * 3); i++) {
    for (const [, name, text] of pick(random, keywords)().matchAll(/^("\w+"|"\$ref"):(.*)$/gs)) {
      // two keywords in one text stay together
      chosen.set(name!, `${name}:${text}`)
    }
  }
  return `{${[...chosen.values()].join()}}`
}

/** A schema whose references to `#/$defs/one` mean something. */
export function randomDocument(random: Random): string {
  const inner = randomSchema(random, 3)
  if (inner.startsWith('{}') || !inner.startsWith('{')) return inner
  const resource = (name: string): string => {
    const schema = randomSchema(random, 2)
    const members = schema.startsWith('{') ? schema.slice(1, -1) : ''
    const defs = random() < 0.5 ? `"$defs":{"y":{"$dynamicAnchor":"other","type":${pick(random, TYPES)}}}` : ''
    const own = `"$id":"http://x.test/${name}","$dynamicAnchor":"node","$recursiveAnchor":${random() < 0.5}`
    return `{${[own, defs, members].filter(part => part !== '').join()}}`
  }
  const others = `"inner":${resource('inner')},"outer":${resource('outer')},"x":{"$dynamicAnchor":"other","minProperties":1}`
  return `{"$dynamicAnchor":"node","$defs":{"one":${randomSchema(random, 2)},${others}},${inner.slice(1)}`
}
