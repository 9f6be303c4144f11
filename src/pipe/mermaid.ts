/** Prints descriptions of pipes as a Mermaid flowchart: the way of a request, one subgraph for each endpoint. */

import type { PipeDescription, PipeStage, PipeTree } from './description.js'
import { HOLD_COLOURS } from './hold-colours.js'
import { spellHidden } from './spell-hidden.js'

/** Formats pipes as the text of one Mermaid diagram. */
export function mermaidOf(pipes: readonly PipeDescription[]): string {
  const chart = new Chart()
  for (const pipe of pipes) chart.endpoint(pipe)
  return chart.text()
}

/** What Mermaid draws without settings of its own: `maxTextSize` and `maxEdges`. */
const MAX_TEXT = 50_000
const MAX_EDGES = 500

/** Returns what to do about a diagram that is larger than Mermaid draws by itself; undefined for one that is not. */
export function mermaidAdvice(text: string): string | undefined {
  const edges = text.split('\n').filter(line => line.includes(ARROW)).length
  if (text.length <= MAX_TEXT && edges <= MAX_EDGES) return undefined
  const [size, most] = [text.length, MAX_TEXT].map(number => number.toLocaleString('en'))
  return [
    `This diagram has ${size} characters and ${edges} arrows. Mermaid draws ${most} and ${MAX_EDGES} of them, unless`,
    '`maxTextSize` and `maxEdges` say more (`mermaid.initialize`, or the file for `mmdc --configFile`).',
    '`sluice pipes --html` and `--dot` have no such limit.'
  ].join('\n')
}

/** Between two nodes. */
const ARROW = ' --> '

class Chart {
  private readonly lines: string[] = ['flowchart LR']
  private nodes = 0

  endpoint(pipe: PipeDescription): void {
    const kind = pipe.direct ? `${pipe.pipe}, direct` : pipe.pipe
    this.lines.push(`  subgraph ${this.newId()}["${escaped(`${pipe.method} ${pipe.path}`)} (${kind})"]`)
    this.tree(pipe, this.node('client', ['([', '])']))
    this.lines.push('  end')
  }

  text(): string {
    return [
      ...this.lines,
      ...(['no', 'may', 'yes'] as const).map(classOf),
      '  %% orange, thick: holds the body; yellow, dashed: may hold it; blue: bytes pass',
      ''
    ].join('\n')
  }

  /** Draws a tree behind the node `from`. */
  private tree({ stages, backends }: PipeTree, from: string): void {
    const innermost = this.chain(stages, from)
    for (const { method, target, stages: own } of backends) {
      this.arrow(this.chain(own, innermost), this.node(`${method} ${target}`, ['[(', ')]']))
    }
  }

  /** Draws stages behind each other; returns the innermost node. */
  private chain(stages: readonly PipeStage[], from: string): string {
    let at = from
    for (const stage of stages) {
      const id = this.node(stage.name, ['[', ']'])
      this.lines.push(`    class ${id} ${stage.holdsBody}`)
      this.arrow(at, id)
      if (stage.copy !== undefined) this.tree(stage.copy, id)
      at = id
    }
    return at
  }

  private node(label: string, [open, close]: readonly [string, string]): string {
    const id = this.newId()
    this.lines.push(`    ${id}${open}"${escaped(label)}"${close}`)
    return id
  }

  private arrow(from: string, to: string): void {
    this.lines.push(`    ${from}${ARROW}${to}`)
  }

  private newId(): string {
    return `n${this.nodes++}`
  }
}

function classOf(holds: keyof typeof HOLD_COLOURS): string {
  const { fill, line } = HOLD_COLOURS[holds]
  const border = { no: '', may: ',stroke-dasharray:4', yes: ',stroke-width:3px' }[holds]
  return `  classDef ${holds} fill:${fill},stroke:${line},color:#16202a${border}`
}

/** Text between quotes: Mermaid knows entities by name or number there. A backtick would begin Markdown, a line feed a statement. */
function escaped(text: string): string {
  return spellHidden(text)
    .replace(/[\x00-\x1f\x7f]/g, ' ')
    .replace(/["#&<>`]/g, found => `#${found.charCodeAt(0)};`)
}
