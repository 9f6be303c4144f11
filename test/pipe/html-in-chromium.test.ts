/** The page of `sluice pipes --html` in a real browser, as a file. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { htmlOf } from '../../src/pipe/html.js'
import { seriousFindings, visit } from '../admin/browser.js'
import { needsChromium, openChromium } from '../support/chromium.js'
import { PIPE, stage } from './sample.js'

const CASES = [
  { what: 'two endpoints', pipes: [PIPE, { ...PIPE, path: '/y' }], axe: true },
  {
    what: 'names that would do harm',
    pipes: ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '\u202eexe', 'x'.repeat(5000)].map(name => ({
      ...PIPE,
      path: `/${name}`,
      stages: [stage(name), ...PIPE.stages]
    })),
    axe: true
  },
  { what: '1,000 endpoints', pipes: Array.from({ length: 1000 }, (_, i) => ({ ...PIPE, path: `/x/${i}` })), axe: false }
]

for (const { what, pipes, axe } of CASES) {
  test(`${what}: the page asks for nothing, breaks no policy and is no wider than the window`, needsChromium, async t => {
    const folder = mkdtempSync(path.join(tmpdir(), 'sluice-pipes-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const file = path.join(folder, 'pipes.html')
    writeFileSync(file, htmlOf(pipes))
    const { href } = pathToFileURL(file)
    const { page, errors, requests } = await visit(await openChromium(t), href, { viewport: { width: 320, height: 700 } })
    assert.deepEqual([errors, requests], [[], [href]])
    assert.equal(await page.locator('section').count(), pipes.length)
    assert.equal(await page.locator('script, img').count(), 0)
    assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 320)
    if (axe) assert.deepEqual(await seriousFindings(page), [])
  })
}
