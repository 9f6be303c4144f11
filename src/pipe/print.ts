/**
 * Prints descriptions of pipes for a terminal: a tree for each endpoint, the outermost stage first. Where the width does not suffice,
 * remarks go on in further lines, then places and remarks stand below their stage. Nothing is cut off.
 */

import type { PipeBackend, PipeDescription, PipeStage, PipeTree } from './description.js'
import { LEAST_TEXT, plain, wrapped } from './terminal-text.js'

/** How a tree is printed. */
export interface TreeStyle {
  /** Columns of the terminal. Default: no limit. */
  readonly width?: number | undefined
  /** Default false. */
  readonly colours?: boolean | undefined
}

type Colour = 'none' | 'head' | 'backend' | 'place' | 'yes' | 'may'

const CODES: Readonly<Record<Colour, string>> = { none: '', head: '1', backend: '36', place: '2', yes: '1;33', may: '33' }

/** Least columns that remarks have beside places. */
const LEAST_REMARK = 20

/** One line of a tree, and what hangs below it. */
interface Branch {
  readonly text: string
  readonly colour: Colour
  readonly place: string
  readonly remark: string
  readonly remarkColour: Colour
  readonly below: readonly Branch[]
}

/** A branch and the lines that lead to it. */
interface Row {
  /** `│  ├─ ` */
  readonly lead: string
  /** What stands in its place in further lines of the row: `│  │  `. */
  readonly further: string
  readonly branch: Branch
}

/** Formats pipes as text; `''` for none. */
export function formatPipes(pipes: readonly PipeDescription[], style: TreeStyle = {}): string {
  return pipes.map(pipe => new TreePrinter(style).format(pipe)).join('\n')
}

class TreePrinter {
  private readonly width: number
  private readonly colours: boolean

  constructor({ width, colours }: TreeStyle) {
    this.width = width ?? Number.POSITIVE_INFINITY
    this.colours = colours ?? false
  }

  format(pipe: PipeDescription): string {
    const direct = pipe.direct ? ', direct: bytes go from socket to socket' : ''
    const head = wrapped(`${plain(`${pipe.method} ${pipe.path}`)}  ${pipe.pipe}${direct}`, this.width)
    const rows = rowsOf(branchesOf(pipe), '')
    const tree = Math.max(...rows.map(({ lead, branch }) => lead.length + branch.text.length))
    const place = Math.max(...rows.map(({ branch }) => branch.place.length))
    const besides = tree + 2 + place + 2
    const remark = Math.max(...rows.map(({ branch }) => branch.remark.length))
    const isWide = besides + Math.min(remark, LEAST_REMARK) <= this.width
    const lines = rows.flatMap(row => (isWide ? this.inColumns(row, tree, place) : this.below(row)))
    return [...head.map(line => this.paint(line, 'head')), ...lines, ''].join('\n')
  }

  /** Place and remark in columns behind the tree. */
  private inColumns({ lead, further, branch }: Row, tree: number, place: number): string[] {
    const before = tree + 2 + place + 2
    const [first = '', ...rest] = wrapped(branch.remark, this.width - before)
    const filled = branch.place !== '' || first !== ''
    const text = this.paint(branch.text, branch.colour) + (filled ? ' '.repeat(tree - lead.length - branch.text.length) : '')
    const placed = first === '' ? branch.place : branch.place.padEnd(place)
    const columns = filled
      ? `  ${this.paint(placed, 'place')}${first === '' ? '' : `  ${this.paint(first, branch.remarkColour)}`}`
      : ''
    const lines = rest.map(line => `${further.padEnd(before)}${this.paint(line, branch.remarkColour)}`)
    return [`${lead}${text}${columns}`, ...lines]
  }

  /** Place and remark in lines of their own. */
  private below({ lead, further, branch }: Row): string[] {
    const room = Math.max(LEAST_TEXT, this.width - further.length)
    const [first = '', ...rest] = wrapped(branch.text, room)
    const details = this.details(branch, room - 2)
    return [
      `${lead}${this.paint(first, branch.colour)}`,
      ...rest.map(line => `${further}${this.paint(line, branch.colour)}`),
      ...details.map(line => `${further}  ${line}`)
    ]
  }

  /** Place and remark, in one line where both fit. */
  private details({ place, remark, remarkColour }: Branch, room: number): string[] {
    const paints = (text: string, colour: Colour): string[] => wrapped(text, room).map(line => this.paint(line, colour))
    const fits = place.length + 2 + remark.length <= room && place !== '' && remark !== ''
    if (fits) return [`${this.paint(place, 'place')}  ${this.paint(remark, remarkColour)}`]
    return [...paints(place, 'place'), ...paints(remark, remarkColour)]
  }

  private paint(text: string, colour: Colour): string {
    return this.colours && CODES[colour] !== '' && text !== '' ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text
  }
}

function rowsOf(branches: readonly Branch[], indent: string): Row[] {
  return branches.flatMap((branch, index) => {
    const last = index === branches.length - 1
    const inner = `${indent}${last ? '   ' : '│  '}`
    const further = branch.below.length === 0 ? inner : `${inner}│  `
    return [{ lead: `${indent}${last ? '└─ ' : '├─ '}`, further, branch }, ...rowsOf(branch.below, inner)]
  })
}

function branchesOf({ stages, backends }: PipeTree): Branch[] {
  return [...stages.map(branchOfStage), ...backends.map(branchOfBackend)]
}

function branchOfStage(stage: PipeStage): Branch {
  const holds = { no: undefined, may: 'may hold the body', yes: 'holds the body' }[stage.holdsBody]
  const remark = [holds, stage.note].filter(text => text !== undefined).join('; ')
  const below = stage.copy === undefined ? [] : branchesOf(stage.copy)
  const remarkColour = stage.holdsBody === 'no' ? 'none' : stage.holdsBody
  return { text: plain(stage.name), colour: 'none', place: stage.place, remark: plain(remark), remarkColour, below }
}

function branchOfBackend({ method, target, stages }: PipeBackend): Branch {
  const text = plain(`→ ${method} ${target}`)
  return { text, colour: 'backend', place: '', remark: '', remarkColour: 'none', below: stages.map(branchOfStage) }
}
