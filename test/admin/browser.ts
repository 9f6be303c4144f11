/** What tests of the status page in a real browser share. */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { TestContext } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { openGateway } from '../support/open-gateway.js'
import { adminOf } from '../support/status.js'
import { openUpstream } from '../support/upstream.js'
import { fetch, LIMIT_MS } from '../support/waiting.js'

export const TOKEN = 'a-token-of-enough-length'
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** A gateway with something in every section of the page. */
export async function openShop(t: TestContext, admin: object = {}) {
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
  const ask = async (...paths: string[]): Promise<void> => {
    for (const path of paths) await (await fetch(open.origin + path)).text()
  }
  return { ...open, ask, admin: await adminOf(open) }
}

/** A page whose errors and requests are kept. */
export async function visit(browser: Browser, url: string, more: object = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...more })
  context.setDefaultTimeout(LIMIT_MS)
  const page = await context.newPage()
  const errors: string[] = []
  const requests: string[] = []
  // what the policy of the page has refused
  await page.addInitScript(
    `addEventListener('securitypolicyviolation', e => console.error('refused: ' + e.violatedDirective + ' ' + e.blockedURI))`
  )
  page.on('console', message => message.type() === 'error' && errors.push(message.text()))
  page.on('pageerror', error => errors.push(String(error)))
  page.on('request', request => requests.push(request.url()))
  await page.goto(url)
  return { page, errors, requests }
}

export const cellsOf = (page: Page, table: string): Promise<string[][]> =>
  page.$$eval(`#${table} tbody tr`, rows =>
    rows.map(row => [...row.querySelectorAll('th, td')].map(cell => cell.textContent ?? ''))
  )

/** What axe calls serious or critical. */
export async function seriousFindings(page: Page): Promise<unknown[]> {
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
