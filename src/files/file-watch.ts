/**
 * Tells when files have changed, by looking at them. So it notices editors that replace a file by rename. It notices a link that is turned to
 * another folder, as Kubernetes does it, and changes on file systems that report nothing. A change is told when it has come to rest.
 */

import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'

/** Entries of a folder, and of those in it, that are looked at. */
const MOST_ENTRIES = 5_000

export interface FileWatchOptions {
  /** Files and folders; folders with all that is in them. Asked at each look. */
  readonly paths: () => readonly string[]
  /** ms between two looks. */
  readonly everyMs: number
  /** Called with the files that differ. Called again, also for the same files, when they change again. */
  readonly onChange: (files: readonly string[]) => void
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

  private plan(): void {
    if (this.ended) return
    this.timer = setTimeout(() => void this.look(), this.options.everyMs)
    this.timer.unref()
  }

  private async look(): Promise<void> {
    const prints = await printsOf(this.options.paths())
    if (this.ended) return
    const rests = differing(this.latest, prints).length === 0
    const changed = rests ? differing(this.known, prints) : []
    this.latest = prints
    if (rests) this.known = prints
    if (changed.length > 0) this.options.onChange(changed)
    this.plan()
  }
}

/** Files that are not the same in both, or are in one alone. */
export function differing(before: Prints, after: Prints): string[] {
  const files = new Set([...before.keys(), ...after.keys()])
  return [...files].filter(file => (before.get(file) ?? '') !== (after.get(file) ?? ''))
}

/** What files look like now; folders stand for all that is in them, but hidden entries and `node_modules`. */
export async function printsOf(paths: readonly string[]): Promise<Prints> {
  const prints = new Map<string, string>()
  for (const one of new Set(paths)) await addPrint(one, prints)
  return prints
}

async function addPrint(file: string, prints: Map<string, string>): Promise<void> {
  if (prints.size >= MOST_ENTRIES || prints.has(file)) return
  const found = await stat(file).catch(() => undefined)
  if (found === undefined || !found.isDirectory()) {
    prints.set(file, found === undefined ? '' : `${found.dev}:${found.ino}:${found.size}:${found.mtimeMs}`)
    return
  }
  prints.set(file, 'folder')
  const names = await readdir(file).catch(() => [] as string[])
  for (const name of names) {
    if (!name.startsWith('.') && name !== 'node_modules') await addPrint(path.join(file, name), prints)
  }
}
