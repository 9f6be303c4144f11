/**
 * `goto` in JavaScript. A jump forward leaves a labelled block that ends at the label; a jump backward continues an endless loop that begins
 * at the label and reaches to the end of the block. Where such a loop begins inside a labelled block, the block is cut in two, and the variable
 * `J` carries the jump over the cut.
 */
import type { Statement } from '../syntax/ast.js'

interface Segment {
  readonly from: number
  readonly to: number
  readonly label: string
}

interface Label {
  readonly name: string
  readonly index: number
  readonly line: number
  /** First statement that jumps forward to this label. */
  from: number
  segments: Segment[]
  /** JavaScript label of the loop, when something jumps backward. */
  back: string | undefined
}

/** The labels of a block while its statements are written. */
export interface JumpPlan {
  readonly labels: ReadonlyMap<string, Label>
  /** The statement that is being written. */
  at: number
  readonly before: readonly string[]
  readonly after: string
}

export interface JumpHost {
  newLabel(): string
  error(line: number, reason: string): Error
}

interface Jump {
  readonly name: string
  readonly line: number
}

const NONE: JumpPlan = { labels: new Map(), at: 0, before: [], after: '' }

/** Plans the jumps to the labels of a block. `untilFollows`: a condition can see its locals. */
export function planJumps(body: readonly Statement[], host: JumpHost, untilFollows: boolean, tick: string): JumpPlan {
  if (!body.some(statement => statement.type === 'label')) return NONE
  const labels = findLabels(body, host)
  body.forEach((statement, i) => {
    for (const jump of jumpsIn(statement)) {
      const label = labels.get(jump.name)
      if (label === undefined) continue
      if (i < label.index) {
        refuseScopes({ body, from: i, label, jump }, untilFollows, host)
        label.from = Math.min(label.from, i)
      } else label.back ??= host.newLabel()
    }
  })
  return arrange(body, [...labels.values()], labels, host, tick)
}

/** JavaScript of a jump, or undefined when the block has no such label. */
export function jumpText(plan: JumpPlan, name: string): string | undefined {
  const label = plan.labels.get(name)
  if (label === undefined) return undefined
  if (plan.at >= label.index) return `continue ${label.back};`
  const segment = label.segments.find(({ from, to }) => plan.at >= from && plan.at < to)!
  return segment === label.segments.at(-1) ? `break ${segment.label};` : `{J=${label.index + 1};break ${segment.label}}`
}

function findLabels(body: readonly Statement[], host: JumpHost): Map<string, Label> {
  const labels = new Map<string, Label>()
  body.forEach((statement, index) => {
    if (statement.type !== 'label') return
    const old = labels.get(statement.name)
    if (old !== undefined) throw host.error(statement.line + 1, `label '${statement.name}' already defined on line ${old.line}`)
    labels.set(statement.name, {
      name: statement.name,
      index,
      line: statement.line,
      from: Number.POSITIVE_INFINITY,
      segments: [],
      back: undefined
    })
  })
  return labels
}

/** Jumps out of a statement: those that no label inside of it catches. */
function jumpsIn(statement: Statement): Jump[] {
  switch (statement.type) {
    case 'goto':
      return [statement]
    case 'do':
    case 'while':
    case 'repeat':
    case 'for':
    case 'forin':
      return jumpsOut(statement.body)
    case 'if':
      return [...statement.clauses.flatMap(({ body }) => jumpsOut(body)), ...jumpsOut(statement.otherwise ?? [])]
    default:
      return []
  }
}

function jumpsOut(body: readonly Statement[]): Jump[] {
  const own = new Set(body.map(statement => (statement.type === 'label' ? statement.name : undefined)))
  return body.flatMap(jumpsIn).filter(({ name }) => !own.has(name))
}

/** A jump from the statement `from` of a block to a label in it. */
interface JumpInBlock {
  readonly body: readonly Statement[]
  readonly from: number
  readonly label: Label
  readonly jump: Jump
}

/** A jump must not lead past a `local` whose scope goes on behind the label. */
function refuseScopes({ body, from, label, jump }: JumpInBlock, untilFollows: boolean, host: JumpHost): void {
  if (!untilFollows && body.slice(label.index).every(({ type }) => type === 'label')) return
  const names = body.slice(from + 1, label.index).flatMap(statement => (statement.type === 'local' ? statement.names : []))
  if (names.length === 0) return
  throw host.error(label.line + 1, `<goto ${label.name}> at line ${jump.line} jumps into the scope of local '${names.at(-1)}'`)
}

/** Cuts the labelled blocks so that they nest with each other and with the loops, and writes their braces. */
function arrange(body: readonly Statement[], list: Label[], labels: Map<string, Label>, host: JumpHost, tick: string): JumpPlan {
  for (const label of list)
    for (const other of list)
      if (other.from < label.from && label.from < other.index && other.index < label.index) label.from = other.from
  const opening: { from: number; to: number; text: string }[] = []
  const closing = new Array<string>(body.length + 1).fill('')
  for (const label of list) {
    if (label.from === Number.POSITIVE_INFINITY) continue
    const cuts = list
      .filter(({ back, index }) => back !== undefined && index >= label.from && index < label.index)
      .map(({ index }) => index)
    if (cuts.length > 0 && body.slice(label.from, Math.max(...cuts)).some(({ type }) => type === 'local')) {
      throw host.error(label.line, `goto ${label.name} crosses a loop of gotos with locals between: not supported`)
    }
    const edges = [label.from, ...cuts, label.index]
    for (let i = 0; i + 1 < edges.length; i++) {
      const segment = { from: edges[i]!, to: edges[i + 1]!, label: host.newLabel() }
      label.segments.push(segment)
      const arrival = i === 0 ? '' : `if(J===${label.index + 1}){${i + 2 === edges.length ? 'J=0;' : ''}break ${segment.label}}`
      opening.push({ ...segment, text: `${segment.label}:{${arrival}` })
      closing[segment.to] += '}'
    }
  }
  // the longer block begins first
  opening.sort((a, b) => b.to - a.to)
  const before = body.map((_statement, i) => {
    const loop = list.find(({ index, back }) => index === i && back !== undefined)
    const blocks = opening.filter(({ from }) => from === i).map(({ text }) => text)
    return closing[i] + (loop === undefined ? '' : `${loop.back}:for(;;){${tick}`) + blocks.join('')
  })
  return {
    labels,
    at: 0,
    before,
    after: closing[body.length] + 'break}'.repeat(list.filter(({ back }) => back !== undefined).length)
  }
}
