/** What the status page says when its gateway is gone, comes again, or lets it in no longer; and that it works below the path of a proxy. */

import assert from 'node:assert/strict'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { needsChromium, openChromium } from '../support/chromium.js'
import { freePort } from '../support/free-port.js'
import { openGateway } from '../support/open-gateway.js'
import { adminOf } from '../support/status.js'
import { once, until } from '../support/waiting.js'
import { cellsOf, openShop, TOKEN, visit } from './browser.js'

const says = (page: Page, text: string) =>
  until(async () => (await page.locator('#state').textContent())!.includes(text), `the page to say: ${text}`)

const gatewayAt = (t: TestContext, admin: object, endpoint: string) =>
  openGateway(t, {
    name: endpoint,
    extra_config: { 'sluice/admin': admin },
    endpoints: [{ endpoint, backend: [{ host: ['http://127.0.0.1:19'], url_pattern: '/' }] }]
  })

test('a gateway that starts again: what is shown is called old, then everything is new', needsChromium, async t => {
  const first = await gatewayAt(t, { port: await freePort() }, '/first')
  const admin = await adminOf(first)
  const { page } = await visit(await openChromium(t), `${admin}/__sluice/`)
  await page.getByRole('button', { name: 'GET /first' }).click()
  await page.locator('tr.pipe').getByText('decode json').waitFor()
  await first.gateway.close()
  await says(page, 'Connection lost')
  assert.match((await page.getByRole('alert').textContent())!, /^These figures are of .*\d:\d\d/)
  assert.match(await page.title(), /^Not connected/)
  assert.equal((await cellsOf(page, 'endpoint-table'))[0]![0], 'GET /first')
  await gatewayAt(t, { port: Number(new URL(admin).port) }, '/second')
  await says(page, 'Ready')
  assert.deepEqual(
    (await cellsOf(page, 'endpoint-table')).map(([name]) => name),
    ['GET /second']
  )
  assert.equal(await page.getByRole('alert').isVisible(), false)
  assert.equal(await page.title(), '/second')
})

test('a gateway with another token: the page says that it is signed out', needsChromium, async t => {
  const first = await gatewayAt(t, { port: await freePort(), token: TOKEN }, '/x')
  const admin = await adminOf(first)
  const { page } = await visit(await openChromium(t), `${admin}/__sluice/`)
  await page.getByLabel('Token of the admin port').fill(TOKEN)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await says(page, 'Ready')
  await first.gateway.close()
  await gatewayAt(t, { port: Number(new URL(admin).port), token: `${TOKEN}-new` }, '/x')
  await says(page, 'Signed out')
  await page.reload()
  await page.getByLabel('Token of the admin port').waitFor()
})

/** A proxy that shows the admin port below `/ops`, and the page alone below `/console`. */
async function openProxy(t: TestContext, admin: string): Promise<string> {
  const proxy = createServer((req, res) => {
    const path = req.url!.startsWith('/console/') ? req.url!.replace('/console/', '/__sluice/') : req.url!.replace(/^\/ops/, '')
    const headers = { ...req.headers, host: new URL(admin).host }
    const out = request(admin + path, { method: req.method!, headers, agent: false }, answer => {
      res.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(res)
      res.on('close', () => answer.destroy())
    })
    out.on('error', () => res.destroy())
    req.pipe(out)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.after(() => {
    proxy.close()
    proxy.closeAllConnections()
  })
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
}

for (const path of ['/ops/', '/ops/__sluice/', '/console/']) {
  test(`below the path of a proxy, ${path}: signing in, events, pipes, signing out`, needsChromium, async t => {
    const { admin } = await openShop(t, { token: TOKEN })
    const proxy = await openProxy(t, admin)
    const { page, errors } = await visit(await openChromium(t), proxy + path)
    errors.length = 0 // the 401 of the form is one
    await page.getByLabel('Token of the admin port').fill(TOKEN)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await says(page, 'Ready')
    await page.getByRole('button', { name: 'GET /data/{id}' }).click()
    await page.locator('tr.pipe').getByText('decode json').waitFor()
    const [cookie] = await page.context().cookies()
    assert.equal(cookie!.path, path === '/console/' ? '/console' : '/ops/__sluice')
    assert.deepEqual(errors, [])
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Token of the admin port').waitFor()
  })
}
