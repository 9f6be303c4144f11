/** The documents, and the fenced blocks in them. */

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface Block {
  /** `docs/plugins.md:41`. */
  readonly place: string
  readonly language: string
  /** What stands behind the language: `run`, `file=shout.js`. */
  readonly mark: string
  readonly text: string
}

/** Names of all documents, relative to the root. */
export const PAGES: readonly string[] = [
  ...['README.md', 'SECURITY.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'src/README.md'],
  ...['docs', 'examples', 'deploy'].flatMap(folder =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.md'))
      .map(name => `${folder}/${name.replaceAll('\\', '/')}`)
      .sort()
  )
]

export function readPage(name: string): string {
  return readFileSync(path.join(ROOT, name), 'utf8')
}

/** All fenced blocks of one document. */
export function blocksOf(name: string): Block[] {
  const blocks: Block[] = []
  let open: { line: number; language: string; mark: string; lines: string[] } | undefined
  for (const [i, line] of readPage(name).split('\n').entries()) {
    if (!line.startsWith('```')) open?.lines.push(line)
    else if (open === undefined) {
      const [language = '', ...rest] = line.slice(3).trim().split(' ')
      open = { line: i + 1, language, mark: rest.join(' '), lines: [] }
    } else {
      blocks.push({ place: `${name}:${open.line}`, language: open.language, mark: open.mark, text: open.lines.join('\n') })
      open = undefined
    }
  }
  return blocks
}

/** The anchors that a document's headings make. */
export function anchorsOf(name: string): Set<string> {
  const anchors = new Set<string>()
  let fenced = false
  for (const line of readPage(name).split('\n')) {
    if (line.startsWith('```')) fenced = !fenced
    const heading = fenced ? null : /^#+ (.*)$/.exec(line)
    if (heading !== null) anchors.add(anchorOf(heading[1]!))
  }
  return anchors
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
}
