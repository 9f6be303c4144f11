import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type TestContext, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { needsChromium, openChromium } from '../support/chromium.js'
import { openGateway } from '../support/open-gateway.js'
import { openUpstream } from '../support/upstream.js'
import { fetch, until } from '../support/waiting.js'

const TOKEN = 'a-token-of-enough-length'
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** A gateway with something in every section of the page. */
async function opened(t: TestContext, admin: object = {}) {
  const upstream = await openUpstream(t, (req, res) => {
    res.statusCode = req.url === '/bad' ? 500 : 200
    res.end('{"a":1}')
  })
  const host = [upstream.origin]
  const breaker = { 'qos/circuit-breaker': { interval: 60, timeout: 60, max_errors: 1 } }
  const limit = { 'qos/ratelimit/router': { max_rate: 100, client_max_rate: 100, strategy: 'ip' } }
  const open = await openGateway(t, {
    name: '<b>shop</b>',
    extra_config: { 'sluice/admin': { port: 0, ...admin } },
    endpoints: [
      { endpoint: '/raw', output_encoding: 'no-op', backend: [{ host, url_pattern: '/' }] },
      { endpoint: '/data/{id}', extra_config: limit, backend: [{ host, url_pattern: '/{id}' }] },
      { endpoint: '/bad', backend: [{ host, url_pattern: '/bad', extra_config: breaker }] }
    ],
    strange: true
  })
  const port = Number(/port: (\d+)$/.exec(await open.log.line(/Admin\] Listening/))![1])
  const ask = async (...paths: string[]): Promise<void> => {
    for (const path of paths) await (await fetch(open.origin + path)).text()
  }
  return { ...open, ask, admin: `http://127.0.0.1:${port}` }
}

/** A page whose errors and requests are kept. */
async function visit(browser: Browser, url: string, more: object = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...more })
  const page = await context.newPage()
  const errors: string[] = []
  const requests: string[] = []
  page.on('console', message => message.type() === 'error' && errors.push(message.text()))
  page.on('pageerror', error => errors.push(String(error)))
  page.on('request', request => requests.push(request.url()))
  await page.goto(url)
  return { page, errors, requests }
}

const cellsOf = (page: Page, table: string): Promise<string[][]> =>
  page.$$eval(`#${table} tbody tr`, rows =>
    rows.map(row => [...row.querySelectorAll('th, td')].map(cell => cell.textContent ?? ''))
  )

test('the page shows what is counted, as it comes, and asks for nothing elsewhere', needsChromium, async t => {
  const { ask, admin } = await opened(t)
  await ask('/raw', '/raw', '/data/1', '/bad', '/bad', '/bad')
  const { page, errors, requests } = await visit(await openChromium(t), `${admin}/__sluice/`)
  const rowOf = async (name: string): Promise<string[]> =>
    (await cellsOf(page, 'endpoint-table')).find(([head]) => head === name) ?? []
  await until(async () => (await rowOf('GET /bad'))[6] === '3', 'three errors of /bad')
  assert.deepEqual((await rowOf('GET /raw')).slice(0, 5).toSpliced(3, 1), ['GET /raw', 'passthrough, direct', 'nothing', '2'])
  await ask('/raw')
  await until(async () => (await rowOf('GET /raw'))[4] === '3', 'the next request to show')
  const breaker = (await page.getByRole('region', { name: 'qos/circuit-breaker' }).locator('tbody').textContent())!
  assert.match(breaker, /^GET \/bad → GET \/badopen011/)
  const errorRows = await cellsOf(page, 'error-table')
  assert.ok(errorRows.some(([code, endpoint]) => code === 'SLUICE_ERR_UPSTREAM_STATUS' && endpoint === 'GET /bad'))
  assert.match((await cellsOf(page, 'finding-table'))[0]![2]!, /unknown key 'strange'/)
  assert.equal(await page.locator('#service').textContent(), '<b>shop</b>')
  assert.equal(await page.locator('#state').textContent(), 'Ready')
  assert.deepEqual(errors, [])
  assert.deepEqual(
    [...new Set(requests.map(url => new URL(url).origin))].filter(origin => origin !== 'null'),
    [admin]
  )
})

test('a stop and a lost connection are said', needsChromium, async t => {
  const { admin, gateway } = await opened(t)
  const { page } = await visit(await openChromium(t), `${admin}/__sluice/`)
  const says = (text: string) => until(async () => (await page.locator('#state').textContent())!.includes(text), text)
  await says('Ready')
  const closed = gateway.close({ delayMs: 3000 })
  await says('Not ready')
  await closed
  await says('Connection lost')
})

test('it is used by keys alone', needsChromium, async t => {
  const { admin } = await opened(t)
  const { page } = await visit(await openChromium(t), `${admin}/__sluice/`)
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content')
  const path = page.getByRole('button', { name: 'GET /data/{id}' })
  await path.focus()
  assert.notEqual(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none')
  assert.equal(await path.getAttribute('aria-expanded'), 'false')
  await page.keyboard.press('Enter')
  assert.equal(await path.getAttribute('aria-expanded'), 'true')
  assert.match((await page.locator('tr.pipe').textContent())!, /backend\/decoding decode json holds a body/)
  await page.keyboard.press('Enter')
  assert.equal(await page.locator('tr.pipe').count(), 0)
  await page.getByLabel('Filter').fill('raw')
  assert.equal(await page.locator('#shown').textContent(), '1 of 3')
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 390]) {
    test(
      `axe finds nothing serious at ${width} px in the ${colorScheme} theme, and the page is no wider than that`,
      needsChromium,
      async t => {
        const { admin, ask } = await opened(t, { token: TOKEN })
        await ask('/raw', '/data/1', '/bad', '/bad', '/bad')
        const more = { colorScheme, viewport: { width, height: 844 }, extraHTTPHeaders: { authorization: `Bearer ${TOKEN}` } }
        const { page } = await visit(await openChromium(t), `${admin}/__sluice/`, more)
        await page.getByRole('button', { name: 'GET /data/{id}' }).click()
        await until(async () => (await cellsOf(page, 'error-table')).length > 0, 'the table of errors')
        assert.deepEqual(await seriousFindings(page), [])
        assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= width)
        await page.context().setExtraHTTPHeaders({})
        await page.goto(`${admin}/__sluice/`)
        assert.deepEqual(await seriousFindings(page), [], 'the form')
      }
    )
  }
}

/** What axe calls serious or critical. */
async function seriousFindings(page: Page): Promise<unknown[]> {
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: AxeFinding[] }> } }
    const { violations } = await axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])
  })
}

interface AxeFinding {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string }[]
}

test('with a token there is a form first; signing out ends what it gave', needsChromium, async t => {
  const { admin } = await opened(t, { token: TOKEN })
  const { page } = await visit(await openChromium(t), `${admin}/__sluice/`)
  await page.getByLabel('Token of the admin port').fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  assert.equal(await page.getByRole('alert').textContent(), 'This is not the token.')
  await page.getByLabel('Token of the admin port').fill(TOKEN)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Endpoints' }).waitFor()
  await until(async () => (await page.locator('#state').textContent()) === 'Ready', 'the events of the page')
  const [cookie] = await page.context().cookies()
  assert.deepEqual([cookie!.httpOnly, cookie!.sameSite, cookie!.path], [true, 'Strict', '/__sluice'])
  assert.ok(!cookie!.value.includes(TOKEN))
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Token of the admin port').waitFor()
  assert.deepEqual(await page.context().cookies(), [])
})
