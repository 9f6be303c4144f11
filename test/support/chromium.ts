/** A real browser for tests: Chromium as the operating system has it. Without one its tests are skipped, loudly. */

import { existsSync } from 'node:fs'
import type { TestContext } from 'node:test'
import type { Browser } from 'playwright-core'
import { LIMIT_MS } from './waiting.js'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable']

const path = process.env.CHROMIUM ?? PLACES.find(place => existsSync(place))

/** Options of a test that needs the browser. */
export const needsChromium = {
  skip: path === undefined ? 'NO CHROMIUM HERE: install it (apt-get install chromium), or name it in CHROMIUM' : false
}
if (path === undefined) console.error(`SKIPPED, ${needsChromium.skip}`)

/** Starts the browser; it ends with the test. */
export async function openChromium(t: TestContext): Promise<Browser> {
  const { chromium } = await import('playwright-core')
  const args = ['--no-sandbox', '--disable-dev-shm-usage']
  const browser = await chromium.launch({ executablePath: path!, args, timeout: LIMIT_MS })
  t.after(() => browser.close())
  return browser
}
