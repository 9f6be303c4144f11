import assert from 'node:assert/strict'
import { test } from 'node:test'
import { needsChromium, openChromium } from '../support/chromium.js'
import { holdPauses } from '../support/time.js'
import { until } from '../support/waiting.js'
import { cellsOf, openShop, seriousFindings, TOKEN, visit } from './browser.js'

const DELAY_MS = 600_000

test('the page shows what is counted, as it comes, and asks for nothing elsewhere', needsChromium, async t => {
  const { ask, admin } = await openShop(t)
  await ask('/raw', '/raw', '/data/1', '/bad', '/bad', '/bad')
  const { page, errors, requests } = await visit(await openChromium(t), `${admin}/__sluice/`)
  const rowOf = async (name: string): Promise<string[]> =>
    (await cellsOf(page, 'endpoint-table')).find(([head]) => head === name) ?? []
  await until(async () => (await rowOf('GET /bad'))[4] === '3', 'three errors of /bad')
  const raw = await rowOf('GET /raw')
  assert.deepEqual([raw[0], raw[2], ...raw.slice(-2)], ['GET /raw', '2', 'passthrough, direct', 'nothing'])
  await ask('/raw')
  await until(async () => (await rowOf('GET /raw'))[2] === '3', 'the next request to show')
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
  const { admin, gateway } = await openShop(t)
  const { page } = await visit(await openChromium(t), `${admin}/__sluice/`)
  const says = (text: string) => until(async () => (await page.locator('#state').textContent())!.includes(text), text)
  await says('Ready')
  const delayIsOver = holdPauses(t, DELAY_MS)
  const closed = gateway.close({ delayMs: DELAY_MS })
  await says('Not ready')
  delayIsOver()
  await closed
  await says('Connection lost')
})

test('it is used by keys alone', needsChromium, async t => {
  const { admin } = await openShop(t)
  const { page } = await visit(await openChromium(t), `${admin}/__sluice/`)
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content')
  const path = page.getByRole('button', { name: 'GET /data/{id}' })
  await path.focus()
  assert.notEqual(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none')
  assert.equal(await path.getAttribute('aria-expanded'), 'false')
  await page.keyboard.press('Enter')
  assert.equal(await path.getAttribute('aria-expanded'), 'true')
  await page.locator('tr.pipe').getByText('decode json').waitFor()
  assert.match((await page.locator('tr.pipe').textContent())!, /backend\/decoding decode json holds a body/)
  await page.keyboard.press('Enter')
  assert.equal(await page.locator('tr.pipe').count(), 0)
  await page.getByLabel('Filter endpoints').fill('raw')
  assert.equal(await page.locator('#endpoint-table .tools').getByText('1 of 1, 3 in all').count(), 1)
})

test('the keys reach everything in the order of the page, and each place shows that it has the focus', needsChromium, async t => {
  const { admin, ask } = await openShop(t)
  await ask('/raw', '/data/1', '/bad')
  const { page } = await visit(await openChromium(t), `${admin}/__sluice/`, { reducedMotion: 'reduce' })
  await page.getByRole('button', { name: 'GET /bad' }).waitFor()
  const walked: { name: string; top: number; seen: boolean }[] = []
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab')
    const at = await page.evaluate<{ name: string; top: number; seen: boolean } | null>(`(() => {
      const at = document.activeElement
      if (at === document.body) return null
      const { outlineStyle } = getComputedStyle(at)
      const box = at.getBoundingClientRect()
      return {
        name: at.getAttribute('aria-label') ?? at.textContent,
        top: box.top + scrollY,
        seen: outlineStyle !== 'none' && box.width > 0 && box.bottom > 0 && box.top < innerHeight
      }
    })()`)
    if (at === null) break
    walked.push(at)
  }
  const names = walked.map(({ name }) => name)
  for (const name of [
    'Pause',
    'Errors',
    'Filter endpoints',
    'GET /data/{id}',
    'Table of endpoints',
    'Table of errors',
    'status.json'
  ])
    assert.ok(names.includes(name), `${name} in ${names.join(', ')}`)
  assert.deepEqual(
    walked.filter(({ seen }) => !seen),
    []
  )
  const tops = walked.slice(names.indexOf('Filter endpoints')).map(({ top }) => top)
  assert.ok(
    tops.every((top, i) => i === 0 || top >= tops[i - 1]! - 60),
    tops.join(' ')
  )
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 390, 320]) {
    test(
      `axe finds nothing serious at ${width} px in the ${colorScheme} theme, and the page is no wider than that`,
      needsChromium,
      async t => {
        const { admin, ask } = await openShop(t, { token: TOKEN })
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

test('with a token there is a form first; signing out ends what it gave', needsChromium, async t => {
  const { admin } = await openShop(t, { token: TOKEN })
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
