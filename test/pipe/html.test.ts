import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { htmlOf } from '../../src/pipe/html.js'
import { needsChromium, openChromium } from '../support/chromium.js'
import { PIPE, stage } from './sample.js'

const EVIL = '<img src=x onerror=alert(1)>"\'&\u0001'

describe('pipes as a page', () => {
  test('need nothing else: no script, no address, one style that the policy names', () => {
    const page = htmlOf([PIPE])
    assert.doesNotMatch(page, /<script|<link|<img|https?:|url\((?!#)|@import|\son\w+=|\sstyle=/)
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)![1]!
    assert.ok(page.includes(`style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`))
  })

  test('hold a drawing and the text of each endpoint, with links to them', () => {
    const page = htmlOf([PIPE, { ...PIPE, path: '/y' }])
    assert.equal(page.match(/<svg /g)!.length, 2)
    assert.equal(page.match(/<a href="#p[01]">/g)!.length, 2)
    assert.match(page, /<pre>GET \/x {2}aggregate\n├─ cors/)
    assert.equal(htmlOf([PIPE]).includes('<nav'), false)
    assert.match(htmlOf([]), /<main>\s*<\/main>/)
  })

  test('say in words what colours say', () => {
    const page = htmlOf([PIPE])
    assert.match(page, /<g class="yes"><title>render; p; all of it; holds the body<\/title>.*?>holds the body<\/text>/)
    assert.match(page, /<g class="may"><title>cache; p; may hold the body<\/title>/)
  })

  test('show names as text, whatever they are', () => {
    const pipe = {
      ...PIPE,
      path: EVIL,
      stages: [stage(EVIL, { note: EVIL })],
      backends: [{ method: 'GET', target: EVIL, stages: [] }]
    }
    const page = htmlOf([pipe])
    assert.doesNotMatch(page, /<img|\u0001/)
    assert.match(page, /&lt;img src=x onerror=alert\(1\)&gt;&quot;'&amp;/)
  })

  test('are drawn by a browser without a complaint', needsChromium, async t => {
    const page = await (await openChromium(t)).newPage()
    const complaints: string[] = []
    page.on('console', message => complaints.push(message.text()))
    page.on('request', request => request.url().startsWith('data:') || complaints.push(request.url()))
    await page.goto(`data:text/html;base64,${Buffer.from(htmlOf([PIPE])).toString('base64')}`)
    const box = await page.locator('svg .yes rect').first().boundingBox()
    assert.ok(box !== null && box.width > 60 && box.height > 40)
    const fill = await page.evaluate("getComputedStyle(document.querySelector('.yes rect')).fill")
    assert.equal(fill, 'rgb(253, 220, 181)')
    assert.deepEqual(complaints, [])
  })
})
