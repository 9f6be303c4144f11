/** What plugin files held when this process loaded their code: a module is loaded once, whatever its file holds later. */

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

const loaded = new Map<string, string>()

/** Notes what a file holds, before its first import. @param file absolute */
export async function noteCode(file: string): Promise<void> {
  if (loaded.has(file)) return
  loaded.set(file, '')
  loaded.set(file, (await printOf(file)) ?? '')
}

/** Files that hold other code than this process has loaded of them. Of what they import themselves nothing is known. */
export async function staleCode(): Promise<readonly string[]> {
  const stale: string[] = []
  for (const [file, print] of loaded) {
    const now = await printOf(file)
    if (now !== undefined && print !== '' && now !== print) stale.push(file)
  }
  return stale
}

/** Undefined = the file is not there. */
async function printOf(file: string): Promise<string | undefined> {
  try {
    return createHash('sha256')
      .update(await readFile(file))
      .digest('base64')
  } catch {
    return undefined
  }
}
