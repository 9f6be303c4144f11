/** Why a value does not fit: a tree, as a schema is one. */

import type { ExactNumber } from './numbers.js'

/** A value of a schema as faults show it; undefined stands for objects and arrays, which they do not show. */
export type Shown = string | boolean | null | ExactNumber | undefined

/** What is wrong, by keyword. */
export type Finding =
  | { readonly keyword: 'false' | 'not' | 'allOf' | 'anyOf' | 'contains' | 'group' | 'reference' | 'cycle' }
  | { readonly keyword: 'type'; readonly got: string; readonly want: readonly string[] }
  | { readonly keyword: 'enum'; readonly want: readonly Shown[] }
  | { readonly keyword: 'const'; readonly want: Shown }
  | { readonly keyword: 'format' | 'pattern'; readonly got: string; readonly want: string }
  | { readonly keyword: NumberLimit; readonly got: ExactNumber; readonly want: ExactNumber }
  | { readonly keyword: CountLimit; readonly got: number; readonly want: number }
  | { readonly keyword: 'required' | 'additionalProperties' | 'propertyNames'; readonly names: readonly string[] }
  | { readonly keyword: 'dependentRequired'; readonly names: readonly string[]; readonly property: string }
  | { readonly keyword: 'additionalItems'; readonly count: number }
  | { readonly keyword: 'uniqueItems'; readonly first: number; readonly second: number }
  | { readonly keyword: 'minContains' | 'maxContains'; readonly matched: readonly number[]; readonly want: number }
  | { readonly keyword: 'oneOf'; readonly matched: readonly [number, number] | undefined }

export type NumberLimit = 'minimum' | 'maximum' | 'exclusiveMinimum' | 'exclusiveMaximum' | 'multipleOf'
export type CountLimit = 'minLength' | 'maxLength' | 'minItems' | 'maxItems' | 'minProperties' | 'maxProperties'

/** One fault. */
export interface Fault {
  /** Where in the value. */
  readonly at: readonly (string | number)[]
  readonly finding: Finding
  /** The faults that make this one up. */
  readonly causes: readonly Fault[]
  /** How many faults this is, with its causes. */
  readonly size: number
}

export const NO_CAUSES: readonly Fault[] = []
