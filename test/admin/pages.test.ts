import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { AdminPages } from '../../src/admin/pages.js'
import { ask, openAdmin } from './support.js'

test('a page allows its own style and script by their hashes, and nothing else', async t => {
  const { server, port } = await openAdmin(t)
  const pages = new AdminPages(true)
  server.route('/page', { methods: ['GET'], handle: (_, res) => pages.status.send(res) })
  server.route('/form', { methods: ['GET'], handle: (_, res) => pages.login.send(res) })
  for (const path of ['/page', '/form']) {
    const { body, headers } = await ask(port, path)
    const policy = headers['content-security-policy'] as string
    for (const [, kind, text] of body.matchAll(/<(style|script)[^>]*>([\s\S]*?)<\/\1>/g)) {
      const hash = createHash('sha256').update(text!).digest('base64')
      assert.ok(policy.includes(`${kind}-src 'sha256-${hash}'`), `${path}: ${kind}`)
    }
    assert.doesNotMatch(policy, /unsafe|https?:|\*/)
    assert.match(policy, /default-src 'none'.*frame-ancestors 'none'/)
    // nothing is fetched, nothing runs but the script
    assert.doesNotMatch(body, /\bsrc=|url\(|@import|\son\w+=|\sstyle=|https?:\/\//)
    assert.doesNotMatch(body, /<!-- (?:style|script|logout|refusal) -->/)
  }
  assert.equal((await ask(port, '/page')).body.includes('Sign out'), true)
  assert.ok((await ask(port, '/page')).body.length < 40_000)
})
