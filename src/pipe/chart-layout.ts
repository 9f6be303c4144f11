/** Where the nodes of a pipe stand in a drawing: stages beside each other in the order of a request, backends and copies in rows. */

import type { PipeDescription, PipeTree } from './description.js'

/** One box. Columns and rows count from 0. */
export interface ChartNode {
  readonly kind: 'client' | 'stage' | 'backend'
  readonly column: number
  readonly row: number
  readonly label: string
  /** Second line. */
  readonly place: string
  readonly note: string
  readonly holdsBody: 'no' | 'may' | 'yes'
}

/** A drawing without measures: nodes, and arrows between them by their indexes. */
export interface Chart {
  readonly nodes: readonly ChartNode[]
  readonly arrows: readonly (readonly [from: number, to: number])[]
  readonly columns: number
  readonly rows: number
}

/** Lays the pipe of an endpoint out. */
export function layOut(pipe: PipeDescription): Chart {
  const layout = new Layout()
  const client = layout.add({ kind: 'client', column: 0, row: 0, label: 'client', place: '', note: '', holdsBody: 'no' })
  const rows = layout.tree(pipe, client, 0)
  const columns = 1 + Math.max(...layout.nodes.map(node => node.column))
  return { nodes: layout.nodes, arrows: layout.arrows, columns, rows }
}

class Layout {
  readonly nodes: ChartNode[] = []
  readonly arrows: [from: number, to: number][] = []

  add(node: ChartNode): number {
    return this.nodes.push(node) - 1
  }

  /** Lays a tree behind `from`, in `row` and those below; returns the first row that is free. */
  tree({ stages, backends }: PipeTree, from: number, row: number): number {
    const [innermost, below] = this.chain(stages, from, row)
    let free = below
    let next = row
    for (const { method, target, stages: own } of backends) {
      const [last, end] = this.chain(own, innermost, next)
      const column = this.nodes[last]!.column + 1
      const label = `${method} ${target}`
      const backend = this.add({ kind: 'backend', column, row: next, label, place: '', note: '', holdsBody: 'no' })
      this.arrow(last, backend)
      free = Math.max(free, end)
      next = free
    }
    return free
  }

  /** Lays stages beside each other; returns the innermost one and the first row that is free. */
  private chain(stages: PipeTree['stages'], from: number, row: number): [last: number, free: number] {
    let at = from
    let free = row + 1
    for (const { name, place, note = '', holdsBody, copy } of stages) {
      const column = this.nodes[at]!.column + 1
      const stage = this.add({ kind: 'stage', column, row, label: name, place, note, holdsBody })
      this.arrow(at, stage)
      at = stage
      if (copy !== undefined) free = this.tree(copy, stage, free)
    }
    return [at, free]
  }

  private arrow(from: number, to: number): void {
    this.arrows.push([from, to])
  }
}
