/** The tree of an expression: reading it, and rewriting what the evaluator would leave unpaid or read too loosely. */

import type { parse } from '@bufbuild/cel'

/** Stands for `has(x.field)`: its arguments are the value of `x` and the field. */
export const HAS = '@has'
/** Stands for what a macro walks over: its arguments are the steps of one round and the list or map. */
export const RANGE = '@range'

/** A node; `exprKind` says what it is. */
export type Expr = ReturnType<typeof parse>['expr']
export type Kind = Expr['exprKind']
export type Comprehension = Extract<Kind, { case: 'comprehensionExpr' }>['value']

/** Returns the nodes right below a node. */
function childrenOf({ exprKind }: Expr): Expr[] {
  switch (exprKind.case) {
    case 'callExpr':
      return present([exprKind.value.target, ...exprKind.value.args])
    case 'selectExpr':
      return present([exprKind.value.operand])
    case 'listExpr':
      return exprKind.value.elements
    case 'structExpr':
      return exprKind.value.entries.flatMap(({ keyKind, value }) =>
        present([keyKind.case === 'mapKey' ? keyKind.value : undefined, value])
      )
    case 'comprehensionExpr': {
      const { iterRange, accuInit, loopCondition, loopStep, result } = exprKind.value
      return present([iterRange, accuInit, loopCondition, loopStep, result])
    }
    default:
      return []
  }
}

const present = (nodes: readonly (Expr | undefined)[]): Expr[] => nodes.filter(node => node !== undefined)

/** Calls `visit` with each node, parents first. */
export function walk(node: Expr, visit: (node: Expr) => void): void {
  visit(node)
  for (const child of childrenOf(node)) walk(child, visit)
}

function countNodes(node: Expr | undefined): number {
  let count = 0
  if (node !== undefined) walk(node, () => count++)
  return count
}

/**
 * Rewrites a tree in place: `has(x.f)` becomes a call that refuses what has no fields, where the library returns false; the
 * list of a macro becomes a call that pays for its rounds before the first.
 */
export function instrument(root: Expr): void {
  walk(root, node => {
    const { exprKind } = node
    if (exprKind.case === 'selectExpr' && exprKind.value.testOnly) {
      const { operand, field } = exprKind.value
      node.exprKind = call(HAS, [operand!, constant(node, { case: 'stringValue', value: field })])
    } else if (exprKind.case === 'comprehensionExpr') {
      const fold = exprKind.value
      const steps = BigInt(1 + countNodes(fold.loopCondition) + countNodes(fold.loopStep))
      const list = fold.iterRange!
      fold.iterRange = { ...list, exprKind: call(RANGE, [constant(list, { case: 'int64Value', value: steps }), list]) }
    }
  })
}

function call(name: string, args: Expr[]): Kind {
  return { case: 'callExpr', value: { $typeName: 'cel.expr.Expr.Call', function: name, args } } as Kind
}

function constant(at: Expr, constantKind: object): Expr {
  return { ...at, exprKind: { case: 'constExpr', value: { $typeName: 'cel.expr.Constant', constantKind } } as Kind }
}
