/** Prints descriptions of pipes in the language of Graphviz: the way of a request, one cluster for each endpoint. */

import type { PipeDescription, PipeStage, PipeTree } from './description.js'
import { HOLD_COLOURS } from './hold-colours.js'
import { spellHidden } from './spell-hidden.js'

/** Formats pipes as one directed graph. */
export function dotOf(pipes: readonly PipeDescription[]): string {
  const graph = new Graph()
  for (const pipe of pipes) graph.endpoint(pipe)
  return graph.text()
}

class Graph {
  private readonly lines: string[] = []
  private nodes = 0
  private clusters = 0

  endpoint(pipe: PipeDescription): void {
    const kind = pipe.direct ? `${pipe.pipe}, direct` : pipe.pipe
    this.lines.push(`  subgraph cluster_${this.clusters++} {`, `    label=${quoted(`${pipe.method} ${pipe.path} (${kind})`)};`)
    this.tree(pipe, this.node('client', 'shape=oval, fillcolor="#ffffff"'))
    this.lines.push('  }')
  }

  text(): string {
    return [
      '// orange, thick: holds the body; yellow, dashed: may hold it; blue: bytes pass',
      'digraph pipes {',
      '  rankdir=LR;',
      '  node [shape=box, style="filled,rounded", fontname="Helvetica", fontsize=11, fontcolor="#16202a"];',
      '  edge [color="#4c5a68"];',
      ...this.lines,
      '}',
      ''
    ].join('\n')
  }

  /** Draws a tree behind the node `from`. */
  private tree({ stages, backends }: PipeTree, from: string): void {
    const innermost = this.chain(stages, from)
    for (const { method, target, stages: own } of backends) {
      this.arrow(
        this.chain(own, innermost),
        this.node(`${method} ${target}`, 'shape=cylinder, style=filled, fillcolor="#ffffff"')
      )
    }
  }

  /** Draws stages behind each other; returns the innermost node. */
  private chain(stages: readonly PipeStage[], from: string): string {
    let at = from
    for (const stage of stages) {
      const id = this.node(stage.name, styleOf(stage))
      this.arrow(at, id)
      if (stage.copy !== undefined) this.tree(stage.copy, id)
      at = id
    }
    return at
  }

  private node(label: string, attributes: string): string {
    const id = `n${this.nodes++}`
    this.lines.push(`    ${id} [label=${quoted(label)}, ${attributes}];`)
    return id
  }

  private arrow(from: string, to: string): void {
    this.lines.push(`    ${from} -> ${to};`)
  }
}

function styleOf({ holdsBody, place, note }: PipeStage): string {
  const { fill, line } = HOLD_COLOURS[holdsBody]
  const border = { no: '', may: ', style="filled,rounded,dashed"', yes: ', penwidth=2.5' }[holdsBody]
  const tooltip = quoted(note === undefined ? place : `${place}: ${note}`)
  return `fillcolor="${fill}", color="${line}", tooltip=${tooltip}${border}`
}

/** A string of the language: a backslash would begin an escape. */
function quoted(text: string): string {
  return `"${spellHidden(text)
    .replace(/[\x00-\x1f\x7f]/g, ' ')
    .replace(/["\\]/g, '\\$&')}"`
}
