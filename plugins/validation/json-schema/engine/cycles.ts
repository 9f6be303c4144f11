/** Finds the schemas that lead back to themselves (Tarjan's strongly connected components, without recursion). */

import type { Node } from './node.js'

interface Visit {
  readonly node: Node
  next: number
}

/** Gives all schemas of one cycle the same number. */
export function numberCycles(nodes: readonly Node[]): void {
  const order = new Map<Node, number>()
  const lowest = new Map<Node, number>()
  const open: Node[] = []
  const isOpen = new Set<Node>()
  let cycles = 0
  const enter = (node: Node): Visit => {
    order.set(node, order.size)
    lowest.set(node, order.get(node)!)
    open.push(node)
    isOpen.add(node)
    return { node, next: 0 }
  }
  const lower = (node: Node, to: number): void => void lowest.set(node, Math.min(lowest.get(node)!, to))
  for (const root of nodes) {
    if (order.has(root)) continue
    const path = [enter(root)]
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
      const { node } = visit
      const below = node.applies[visit.next++]
      if (below !== undefined) {
        if (!order.has(below)) path.push(enter(below))
        else if (isOpen.has(below)) lower(node, order.get(below)!)
        continue
      }
      path.pop()
      if (path.length > 0) lower(path.at(-1)!.node, lowest.get(node)!)
      if (lowest.get(node) !== order.get(node)) continue
      const cycle = open.splice(open.indexOf(node))
      for (const member of cycle) isOpen.delete(member)
      if (cycle.length === 1 && !node.applies.includes(node)) continue
      for (const member of cycle) member.cycle = cycles
      cycles++
    }
  }
}
