// Takes the pictures of the status page in docs/images: a gateway with traffic, in the Chromium that is installed. Needs `npm run build`.
//
//     node scripts/screenshots.mjs [FOLDER]
import { existsSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { createGateway } from '../dist/index.js'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const folder = path.resolve(process.argv[2] ?? path.join(root, 'docs', 'images'))
const browserPath = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync)
/** s of traffic before the pictures. */
const SECONDS = 14
const SIZES = [
  { name: '1280', width: 1280, height: 860 },
  { name: '390', width: 390, height: 844 }
]

if (browserPath === undefined) {
  console.error('There is no Chromium: install it, or name it in CHROMIUM.')
  process.exit(1)
}

const upstream = createServer(async (req, res) => {
  await pause(2 + Math.random() ** 4 * 60)
  const fails = req.url.startsWith('/stock') && Math.random() < 0.3
  res.writeHead(fails ? 500 : 200, { 'Content-Type': 'application/json', 'Cache-Control': 'max-age=2' })
  res.end(JSON.stringify({ id: 1, name: 'a name', tags: ['x', 'y'] }))
}).listen(0, '127.0.0.1')
await new Promise(resolve => upstream.once('listening', resolve))
const host = [`http://127.0.0.1:${upstream.address().port}`]

const breaker = { 'qos/circuit-breaker': { interval: 60, timeout: 5, max_errors: 2 } }
const limited = { 'qos/ratelimit/router': { max_rate: 40, capacity: 40, client_max_rate: 30, strategy: 'ip' } }
const gateway = await createGateway(
  {
    version: 3,
    name: 'shop',
    listen_ip: '127.0.0.1',
    timeout: '2s',
    extra_config: {
      'sluice/admin': { port: 0 },
      'security/cors': { allow_origins: ['https://shop.example'] },
      'telemetry/loging': { level: 'INFO' }
    },
    endpoints: [
      { endpoint: '/products', backend: [{ host, url_pattern: '/products', extra_config: { 'qos/http-cache': {} } }] },
      {
        endpoint: '/products/{id}',
        extra_config: limited,
        backend: [
          { host, url_pattern: '/products/{id}', allow: ['id', 'name'] },
          { host, url_pattern: '/stock/{id}', group: 'stock', extra_config: breaker }
        ]
      },
      { endpoint: '/images/{name}', output_encoding: 'no-op', backend: [{ host, url_pattern: '/images/{name}' }] },
      {
        endpoint: '/orders',
        method: 'POST',
        output_encoding: 'no-op',
        backend: [{ host, url_pattern: '/orders', method: 'POST' }]
      }
    ]
  },
  { port: 0, env: {} }
)
const { port, admin } = await gateway.listen()
const origin = `http://127.0.0.1:${port}`
let over = false

/** Asks until it is over, with pauses. */
async function ask(every, target, init) {
  while (!over) {
    await fetch(origin + target(), init)
      .then(res => res.arrayBuffer())
      .catch(() => {})
    await pause(every * (0.5 + Math.random()))
  }
}
const some = () => 1 + Math.floor(Math.random() * 50)
const traffic = [
  ask(20, () => '/products'),
  ask(25, () => `/products/${some()}`),
  ask(15, () => `/images/${some()}.png`),
  ask(12, () => `/images/${some()}.png`),
  ask(80, () => '/orders', { method: 'POST', body: '{}' }),
  ask(400, () => '/nothing')
]

const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] })
const pages = []
for (const { name, width, height } of SIZES) {
  for (const colorScheme of ['light', 'dark']) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme, deviceScaleFactor: 1 })
    await page.goto(`http://127.0.0.1:${admin.port}/__sluice/`)
    pages.push({ page, file: path.join(folder, `status-${name}-${colorScheme}.png`) })
  }
}
await pause(SECONDS * 1000)
mkdirSync(folder, { recursive: true })
for (const { page, file } of pages) {
  await page.getByRole('button', { name: 'GET /products/{id}' }).click()
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.screenshot({ path: file })
  console.log(file)
}
over = true
await Promise.all(traffic)
await browser.close()
await gateway.close()
upstream.close()
upstream.closeAllConnections()
