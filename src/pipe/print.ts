/** Prints descriptions of pipes for a terminal: a tree for each endpoint, the outermost stage first. */

import type { PipeBackend, PipeDescription, PipeStage, PipeTree } from './description.js'

/** One line of a tree, and what hangs below it. */
interface Branch {
  readonly text: string
  readonly place: string
  readonly remark: string
  readonly below: readonly Branch[]
}

/** One line of the text: the tree's own part and what stands in the columns behind it. */
type Row = readonly [tree: string, place: string, remark: string]

/** Formats pipes as text; `''` for none. */
export function formatPipes(pipes: readonly PipeDescription[]): string {
  return pipes.map(formatPipe).join('\n')
}

function formatPipe(pipe: PipeDescription): string {
  const rows = rowsOf(branchesOf(pipe), '')
  const widths = [0, 1].map(column => Math.max(...rows.map(row => row[column]!.length)))
  const lines = rows.map(row => `${row[0].padEnd(widths[0]!)}  ${row[1].padEnd(widths[1]!)}  ${row[2]}`.trimEnd())
  const direct = pipe.direct ? ', direct: bytes go from socket to socket' : ''
  return [`${pipe.method} ${pipe.path}  ${pipe.pipe}${direct}`, ...lines, ''].join('\n')
}

function rowsOf(branches: readonly Branch[], indent: string): Row[] {
  return branches.flatMap((branch, index) => {
    const last = index === branches.length - 1
    const row: Row = [`${indent}${last ? '└─ ' : '├─ '}${branch.text}`, branch.place, branch.remark]
    return [row, ...rowsOf(branch.below, `${indent}${last ? '   ' : '│  '}`)]
  })
}

function branchesOf({ stages, backends }: PipeTree): Branch[] {
  return [...stages.map(branchOfStage), ...backends.map(branchOfBackend)]
}

function branchOfStage(stage: PipeStage): Branch {
  const holds = { no: undefined, may: 'may hold the body', yes: 'holds the body' }[stage.holdsBody]
  const remark = [holds, stage.note].filter(text => text !== undefined).join('; ')
  return { text: stage.name, place: stage.place, remark, below: stage.copy === undefined ? [] : branchesOf(stage.copy) }
}

function branchOfBackend({ method, target, stages }: PipeBackend): Branch {
  return { text: `→ ${method} ${target}`, place: '', remark: '', below: stages.map(branchOfStage) }
}
