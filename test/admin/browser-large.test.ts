/** The status page of a gateway with many endpoints, and with names that would do harm. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { needsChromium, openChromium } from '../support/chromium.js'
import { openGateway } from '../support/open-gateway.js'
import { adminOf } from '../support/status.js'
import { openUpstream } from '../support/upstream.js'
import { fetch, until } from '../support/waiting.js'
import { cellsOf, seriousFindings, visit } from './browser.js'

const ENDPOINTS = 2000

test(
  '2,000 endpoints: rows come in pages, are found by a filter, and keep their place below the focus',
  needsChromium,
  async t => {
    const { origin } = await openUpstream(t, (_, res) => res.end('{}'))
    const endpoints = Array.from({ length: ENDPOINTS }, (_, i) => ({
      endpoint: `/service-${i}/{id}`,
      output_encoding: 'no-op',
      backend: [{ host: [origin], url_pattern: `/r/${i}` }]
    }))
    const open = await openGateway(t, { extra_config: { 'sluice/admin': { port: 0 } }, endpoints })
    const admin = await adminOf(open)
    const { page, errors } = await visit(await openChromium(t), `${admin}/__sluice/`)
    const table = page.locator('#endpoint-table')
    await table.getByText('1–50 of 2,000').waitFor()
    await page.locator('#backend-table').getByText('1–50 of 2,000').waitFor()
    assert.equal((await cellsOf(page, 'endpoint-table')).length, 50)

    await page.getByRole('button', { name: 'Next endpoints' }).click()
    await table.getByText('51–100 of 2,000').waitFor()
    assert.equal((await cellsOf(page, 'endpoint-table'))[0]![0], 'GET /service-50/{id}')

    await page.getByLabel('Filter endpoints').fill('service-1999')
    await table.getByText('1 of 1, 2,000 in all').waitFor()
    for (let i = 0; i < 3; i++) await (await fetch(`${open.origin}/service-1999/1`)).text()
    await until(async () => (await cellsOf(page, 'endpoint-table'))[0]![2] === '3', 'three requests of the last endpoint')

    await page.getByLabel('Filter endpoints').fill('')
    await page.getByLabel('Order of endpoints').selectOption('per_second')
    const first = page.getByRole('button', { name: 'GET /service-1999/{id}' })
    await first.focus()
    for (let i = 0; i < 9; i++) await (await fetch(`${open.origin}/service-7/1`)).text()
    const shows = ([name, , requests]: string[]): boolean => name === 'GET /service-7/{id}' && requests === '9'
    await until(async () => (await cellsOf(page, 'endpoint-table')).some(shows), 'the other one to show')
    assert.equal((await cellsOf(page, 'endpoint-table'))[0]![0], 'GET /service-1999/{id}')
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'GET /service-1999/{id}')
    await page.evaluate('document.activeElement.blur()')
    await until(async () => (await cellsOf(page, 'endpoint-table'))[0]![0] === 'GET /service-7/{id}', 'the new order')
    assert.ok((await page.evaluate<number>('document.querySelectorAll("*").length')) < 3000)
    assert.deepEqual(errors, [])
  }
)

const LONG = 'x'.repeat(5000)
const NAMES = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '\u202etxt.exe',
  '__proto__',
  "it's",
  'עברית',
  LONG,
  'a&b;c'
]

test('names do no harm: each is shown as text, at 320 px too', needsChromium, async t => {
  const { origin } = await openUpstream(t, (_, res) => {
    res.statusCode = 500
    res.end('<b>bad</b>')
  })
  const breaker = { 'qos/circuit-breaker': { interval: 60, timeout: 60, max_errors: 1 } }
  const endpoints = NAMES.map(name => ({
    endpoint: `/${name}`,
    backend: [{ host: [origin], url_pattern: `/${encodeURI(name)}`, extra_config: breaker }]
  }))
  const config = {
    name: `\u202e<script>alert(1)</script>${'n'.repeat(500)}`,
    extra_config: { 'sluice/admin': { port: 0 }, [NAMES[0]!]: {} },
    endpoints,
    [`${NAMES[1]}${LONG}`]: 1
  }
  const open = await openGateway(t, config, { tolerant: true })
  const admin = await adminOf(open)
  for (const { endpoint } of endpoints) await (await fetch(open.origin + encodeURI(endpoint))).text()
  const { page, errors } = await visit(await openChromium(t), `${admin}/__sluice/`, { viewport: { width: 320, height: 700 } })
  await until(async () => (await cellsOf(page, 'error-table')).length === NAMES.length, 'an error of each')
  assert.equal(await page.locator('script').count(), 1)
  assert.equal(await page.locator('main img, main b, main script').count(), 0)
  const shown = (await cellsOf(page, 'endpoint-table')).map(([name]) => name!)
  assert.ok(shown.every(name => name.length < 320))
  await page.getByRole('button', { name: 'GET /xxxx' }).click()
  await until(async () => (await page.locator('tr.pipe').textContent())!.includes(LONG), 'the whole name where the pipe is shown')
  assert.ok((await page.locator('#service').textContent())!.startsWith('\\u202e<script>'))
  assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 320)
  assert.deepEqual(await seriousFindings(page), [])
  assert.deepEqual(errors, [])
})
