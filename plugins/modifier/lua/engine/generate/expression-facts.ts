/** What code generation asks of expressions. */
import type { BinaryOperator, CallExpression, Expression } from '../syntax/ast.js'

/** Whether a call stands in an expression. */
export function mayCall(node: Expression): boolean {
  switch (node.type) {
    case 'call':
      return true
    case 'index':
      return mayCall(node.object) || mayCall(node.key)
    case 'and':
    case 'or':
    case 'binary':
      return mayCall(node.left) || mayCall(node.right)
    case 'concat':
      return node.parts.some(mayCall)
    case 'unary':
      return mayCall(node.operand)
    default:
      return false
  }
}

export function isComparison(operator: BinaryOperator): boolean {
  return ['==', '~=', '<', '<=', '>', '>='].includes(operator)
}

/** Name of a call in gopher-lua's messages. */
export function calledName({ callee, method }: CallExpression): string {
  if (method !== undefined) return method
  if (callee.type === 'name') return callee.name
  return callee.type === 'index' && callee.key.type === 'string' ? callee.key.value : '?'
}

export function numberText(value: number): string {
  if (Number.isNaN(value)) return '(0/0)'
  if (value === Number.POSITIVE_INFINITY) return '(1/0)'
  if (value === Number.NEGATIVE_INFINITY) return '(-1/0)'
  return value < 0 || Object.is(value, -0) ? `(-${-value})` : `${value}`
}
