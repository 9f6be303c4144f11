import type { PipeDescription } from './description.js'
import { dotOf } from './dot.js'
import { htmlOf } from './html.js'
import { mermaidOf } from './mermaid.js'
import { formatPipes, type TreeStyle } from './print.js'

/** How pipes are printed: the first of these that is set, else as a tree for people. */
export interface PipeFormat extends TreeStyle {
  /** The descriptions as JSON, indented. */
  readonly json?: boolean
  /** The text of a Mermaid diagram. */
  readonly mermaid?: boolean
  /** A graph in the language of Graphviz. */
  readonly dot?: boolean
  /** A page that stands alone. */
  readonly html?: boolean
}

/** Prints descriptions of pipes. */
export function printPipes(pipes: readonly PipeDescription[], format: PipeFormat = {}): string {
  if (format.json) return JSON.stringify(pipes, null, 2)
  if (format.mermaid) return mermaidOf(pipes)
  if (format.dot) return dotOf(pipes)
  return format.html ? htmlOf(pipes) : formatPipes(pipes, format)
}
