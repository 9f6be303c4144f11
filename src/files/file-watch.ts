/**
 * Tells when files have changed, by looking at them. So it notices editors that replace a file by rename. It notices a link that is turned to
 * another folder, as Kubernetes does it, and changes on file systems that report nothing. A change is told when it has come to rest.
 */

import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'

/** Entries of all folders that are looked at. Files that are named by themselves do not count. */
const MOST_ENTRIES = 20_000
/** Files that are looked at side by side. */
const SIDE_BY_SIDE = 32
/** Between two looks pass so many times the length of the last one, so that many files do not keep a processor busy … */
const PAUSE_FACTOR = 2
/** … but no more than so many ms. */
const LONGEST_PAUSE_MS = 2_000
/** A file that has changed in so many looks in a row, such as a log, does not hold others up. */
const RESTLESS_LOOKS = 5

export interface FileWatchOptions {
  /** Files and folders; folders with all that is in them. Asked at each look. */
  readonly paths: () => readonly string[]
  /** ms between two looks. */
  readonly everyMs: number
  /** Called with the files that differ. Called again, also for the same files, when they change again. */
  readonly onChange: (files: readonly string[]) => void
  /** Called once with the first folder that holds more than is looked at. */
  readonly onTooMany?: (folder: string) => void
}

/** What a file looked like; '' = it was not there. */
export type Prints = ReadonlyMap<string, string>

export class FileWatch {
  private readonly options: FileWatchOptions
  private timer: NodeJS.Timeout | undefined
  private ended = false
  /** What was told last. */
  private known: Prints = new Map()
  /** The latest look. */
  private latest: Prints = new Map()
  /** In how many looks in a row a file has changed. */
  private moves: ReadonlyMap<string, number> = new Map()
  private toldTooMany = false

  constructor(options: FileWatchOptions) {
    this.options = options
  }

  /** Begins to look for what differs from `known`. The watch keeps no process alive. */
  start(known: Prints): void {
    this.known = known
    this.latest = known
    this.plan()
  }

  stop(): void {
    this.ended = true
    clearTimeout(this.timer)
  }

  private plan(lookedMs = 0): void {
    if (this.ended) return
    const pauseMs = Math.max(this.options.everyMs, Math.min(lookedMs * PAUSE_FACTOR, LONGEST_PAUSE_MS))
    this.timer = setTimeout(() => void this.look(), pauseMs)
    this.timer.unref()
  }

  private async look(): Promise<void> {
    const begun = performance.now()
    const prints = await printsOf(this.options.paths(), folder => this.tellTooMany(folder))
    if (this.ended) return
    const changed = this.changesAtRest(prints)
    if (changed.length > 0) this.options.onChange(changed)
    this.plan(performance.now() - begun)
  }

  /** Returns the changes to be told. None is while files change that did not at the looks before: they belong to one change. */
  private changesAtRest(prints: Prints): string[] {
    const moves = new Map<string, number>()
    for (const file of differing(this.latest, prints)) moves.set(file, (this.moves.get(file) ?? 0) + 1)
    this.moves = moves
    this.latest = prints
    if ([...moves.values()].some(looks => looks < RESTLESS_LOOKS)) return []
    const { known } = this
    const after = new Map(prints)
    for (const restless of moves.keys()) after.set(restless, known.get(restless) ?? '')
    this.known = after
    return differing(known, after)
  }

  private tellTooMany(folder: string): void {
    if (!this.toldTooMany) this.options.onTooMany?.(folder)
    this.toldTooMany = true
  }
}

/** Files that are not the same in both, or are in one alone. */
export function differing(before: Prints, after: Prints): string[] {
  const files = new Set([...before.keys(), ...after.keys()])
  return [...files].filter(file => (before.get(file) ?? '') !== (after.get(file) ?? ''))
}

/**
 * What files look like now; folders stand for all that is in them, but hidden entries and `node_modules`.
 * @param onTooMany called with a folder that holds more than is looked at
 */
export async function printsOf(paths: readonly string[], onTooMany?: (folder: string) => void): Promise<Prints> {
  const prints = new Map<string, string>()
  const named = [...new Set(paths)]
  await addAll(named, named.length + MOST_ENTRIES, prints, onTooMany)
  return prints
}

async function addAll(
  files: readonly string[],
  most: number,
  prints: Map<string, string>,
  onTooMany?: (folder: string) => void
): Promise<void> {
  for (let at = 0; at < files.length; at += SIDE_BY_SIDE) {
    const some = files.slice(at, at + SIDE_BY_SIDE).filter(file => !prints.has(file))
    const seen = await Promise.all(some.map(printOf))
    for (const [index, print] of seen.entries()) prints.set(some[index]!, print)
    for (const [index, print] of seen.entries()) {
      if (print !== FOLDER) continue
      const folder = some[index]!
      const entries = await entriesOf(folder)
      const room = Math.max(0, most - prints.size)
      if (entries.length > room) onTooMany?.(folder)
      await addAll(entries.slice(0, room), most, prints, onTooMany)
    }
  }
}

const FOLDER = 'folder'

/** The time of the last change of the inode is in it: `mtime` can be set, and a file that may be read again is another one. */
async function printOf(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined)
  if (found === undefined) return ''
  return found.isDirectory() ? FOLDER : `${found.dev}:${found.ino}:${found.size}:${found.mtimeMs}:${found.ctimeMs}`
}

async function entriesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [] as string[])
  return names.filter(name => !name.startsWith('.') && name !== 'node_modules').map(name => path.join(folder, name))
}
