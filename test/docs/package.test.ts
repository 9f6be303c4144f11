/** What `npm pack` takes along. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { test } from 'node:test'
import { LIMIT_MS } from '../support/waiting.js'
import { ROOT, readPage } from './pages.js'

const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  cwd: ROOT,
  encoding: 'utf8',
  timeout: 2 * LIMIT_MS,
  stdio: ['ignore', 'pipe', 'ignore']
})
const [packed] = Object.values(JSON.parse(output) as Record<string, { files: { path: string }[] }>)
const files = new Set(packed!.files.map(file => file.path))

test('every page that a page of the package links to is in it', () => {
  const missing: string[] = []
  for (const page of files) {
    if (!page.endsWith('.md')) continue
    for (const [, link] of readPage(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:|^#/.test(link!)) continue
      const target = path.posix.join(path.posix.dirname(page), link!.split('#')[0]!)
      if (!files.has(target)) missing.push(`${page}: ${link}`)
    }
  }
  assert.deepEqual(missing, [])
})

test('it holds a page for each component, and what installs it', () => {
  const pages = [...files].filter(file => /^plugins\/.*README\.md$/.test(file))
  assert.ok(pages.length > 10, pages.join())
  for (const file of ['scripts/build.mjs', 'fixtures/demo/krakend.json', 'schema/sluice.schema.json', 'LICENSE']) {
    assert.ok(files.has(file), file)
  }
  assert.ok(![...files].some(file => /\.test\.ts$|^src\/.*\.ts$/.test(file)))
})
