/**
 * Functions that templates call, with the Go types of their parameters: what a template may pass depends on them.
 */

import { GoFault } from './go-fault.js'
import type { Value } from './value.js'

/** Go types of parameters that the functions have. `map` is `map[string]interface {}`. */
export type ParameterType = 'any' | 'string' | 'int' | 'float64' | 'bool' | 'map' | 'time'

export interface GoFunction {
  readonly parameters: readonly ParameterType[]
  /** The type of all further arguments; undefined when there may be none. */
  readonly rest: ParameterType | undefined
  /** Gets values of the parameters' types; anything else is its own to check. Throws {@link GoFault}. */
  readonly call: (...values: never[]) => Value
}

export type FunctionTable = Readonly<Record<string, GoFunction>>

/**
 * Declares a function.
 * @param signature types of the parameters, separated by blanks; `...TYPE` for the rest
 */
export function declare(signature: string, call: (...values: never[]) => Value): GoFunction {
  const types = signature === '' ? [] : signature.split(' ')
  const rest = types.at(-1)?.startsWith('...') ? (types.pop()!.slice(3) as ParameterType) : undefined
  return { parameters: types as ParameterType[], rest, call }
}

/** Makes the function that a template must not call. */
export function refuse(reason: string): GoFunction {
  return declare('...any', () => {
    throw new GoFault(reason)
  })
}
