/** Types of CEL, as far as they are known before an expression runs, and how they relate. */

/** `of` are the types of a list's elements, or of a map's keys and values. */
export interface Type {
  readonly name: string
  readonly of: readonly Type[]
}

const simple = (name: string): Type => ({ name, of: [] })
export const DYN = simple('dyn')
/** The type of what does not exist: an element of `[]`. */
export const NEVER = simple('never')
export const BOOL = simple('bool')
export const INT = simple('int')
export const UINT = simple('uint')
export const DOUBLE = simple('double')
export const STRING = simple('string')
export const BYTES = simple('bytes')
export const NULL = simple('null_type')
export const TYPE = simple('type')
export const objectOf = simple
export const listOf = (element: Type): Type => ({ name: 'list', of: [element] })
export const mapOf = (key: Type, value: Type): Type => ({ name: 'map', of: [key, value] })

/** `map<string, list<string>>` */
export function printType({ name, of }: Type): string {
  return of.length === 0
    ? name.replace(/^google\.protobuf\./, '').replace('never', 'dyn')
    : `${name}<${of.map(printType).join(', ')}>`
}

/** True for a value whose type shows when the expression runs. */
export const isOpen = (type: Type): boolean => type === DYN || type === NEVER

const isNumber = (type: Type): boolean => type === INT || type === UINT || type === DOUBLE

/** True when a value of one type can stand where the other is asked for. */
export function fits(type: Type, wanted: Type): boolean {
  if (isOpen(type) || isOpen(wanted)) return true
  return type.name === wanted.name && type.of.every((one, i) => fits(one, wanted.of[i]!))
}

/** Times and other messages may be null, scalars and collections never are. */
const isNullable = ({ name }: Type): boolean => name.startsWith('google.protobuf.')

/** True when values of two types can be equal: numbers of any kind are compared by value. */
export function comparable(left: Type, right: Type): boolean {
  if (isOpen(left) || isOpen(right) || (isNumber(left) && isNumber(right))) return true
  if ((left === NULL && isNullable(right)) || (right === NULL && isNullable(left))) return true
  return left.name === right.name && left.of.every((one, i) => comparable(one, right.of[i]!))
}

/** The type of a value that is of one type or of the other. */
export function join(left: Type, right: Type): Type {
  if (left === NEVER) return right
  if (right === NEVER || left === right) return left
  if (left.name !== right.name) return DYN
  return left.of.length === 0 ? left : { name: left.name, of: left.of.map((one, i) => join(one, right.of[i]!)) }
}

export const joinAll = (types: readonly Type[]): Type => types.reduce(join, NEVER)
