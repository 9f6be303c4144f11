/** Finds files and folders that every user of the machine may write: a way to put code into the gateway. */

import { realpath, stat } from 'node:fs/promises'
import path from 'node:path'

/** POSIX mode bits: the others may write; in a folder each user may remove and rename entries of their own only. */
const WRITABLE_BY_ALL = 0o002
const STICKY = 0o1000

/**
 * Returns which of `paths`, or of the folders above them, all users may write, each once, as resolved from symbolic links. A
 * sticky folder above (`/tmp`) is fine: others cannot replace what stands in it. Windows has no such bits.
 */
export async function findOpenToAll(paths: readonly string[]): Promise<string[]> {
  if (process.platform === 'win32') return []
  const found = new Set<string>()
  const seen = new Set<string>()
  for (const one of paths) {
    try {
      const real = await realpath(one)
      if (((await stat(real)).mode & WRITABLE_BY_ALL) !== 0) found.add(real)
      // a link can also be replaced in its own folder
      for (const file of [real, path.resolve(one)]) {
        for (let above = path.dirname(file); !seen.has(above); above = path.dirname(above)) {
          seen.add(above)
          if (((await stat(above)).mode & (WRITABLE_BY_ALL | STICKY)) === WRITABLE_BY_ALL) found.add(above)
        }
      }
    } catch {
      // the loader reports what cannot be read
    }
  }
  return [...found]
}
