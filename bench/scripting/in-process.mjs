/**
 * The same scripts without sockets: decoding JSON of 16 KB, the script, rendering. The cheapest of many windows counts, so that other
 * programs on the machine are in none of the figures.
 */
import { entityOf, entityResponse } from '../../dist/backend/entity.js'
import { objectOf, readShortJson } from '../../dist/encoding/json/decode.js'
import { renderClosed, renderJson } from '../../dist/message/json/render.js'
import { HeaderMap } from '../../dist/plugin/index.js'
import { keepData, readResponse } from '../../dist/plugins/modifier/lua/bodies.js'
import { DEFAULT_LIMITS } from '../../dist/plugins/modifier/lua/engine/index.js'
import { Script } from '../../dist/plugins/modifier/lua/script.js'
import { jsonOf } from '../peers/bodies.mjs'

const WINDOWS = 500
const RUNS = 20
const WARM = 5000

const BYTES = Buffer.from(jsonOf(16 * 1024))
const MOUNT = { scope: 'proxy', noOp: false, patternPairs: 0, calls: undefined, callMs: undefined }
const CONTEXT = { scope: 'endpoint', endpointFacts: undefined, report() {}, offerMetric() {} }
const REQUEST = { headers: HeaderMap.from({ 'User-Agent': 'bench/1', Accept: '*/*' }), signal: { aborted: false } }

/** What the script of a header and a field does, as a plugin in JavaScript does it. */
function inJavaScript(response) {
  REQUEST.headers.set('X-Tenant', `acme-${REQUEST.headers.get('User-Agent')}`)
  const data = response.body.lazyJsonInMemory()
  data.set('name', `order of ${data.get('name')}`)
  response.body.touchJson()
  response.body.dropViews()
}

async function once(script) {
  const response = entityResponse(objectOf(readShortJson(BYTES)), true)
  if (typeof script === 'function') script(response)
  else if (script !== undefined) {
    const run = script.begin(REQUEST)
    await run.before()
    if (script.has('post')) {
      run.state.response = response
      await readResponse(run.state, script.readsOf('post'), false)
      run.answer()
      await run.after()
      keepData(run.state, false)
    }
    run.state.close()
  }
  const { node } = entityOf(response)
  return renderClosed(node) ?? renderJson(node)
}

async function cheapest(script) {
  for (let i = 0; i < WARM; i++) await once(script)
  let best = Number.POSITIVE_INFINITY
  for (let window = 0; window < WINDOWS; window++) {
    const began = performance.now()
    for (let i = 0; i < RUNS; i++) await once(script)
    best = Math.min(best, ((performance.now() - began) * 1000) / RUNS)
  }
  return best
}

/** Measures scripts of `modifier/lua-proxy`, by name; lines of the report. */
export async function measureInProcess(scripts) {
  const none = await cheapest(undefined)
  const lines = [
    '## In one process',
    '',
    `Decoding JSON of 16 KB, the script, rendering; no sockets. The cheapest of ${WINDOWS} windows of ${RUNS} runs, which other programs do not disturb.`,
    '',
    '| | µs | more µs |',
    '|---|--:|--:|',
    `| none | ${none.toFixed(1)} | |`
  ]
  for (const [name, { pre = '', post = '' }] of Object.entries(scripts)) {
    const options = {
      sources: [],
      md5: new Map(),
      pre,
      post,
      live: false,
      openLibraries: false,
      skipNext: false,
      limits: DEFAULT_LIMITS
    }
    const cost = await cheapest(await Script.load(options, MOUNT, CONTEXT))
    lines.push(`| ${name} | ${cost.toFixed(1)} | ${(cost - none).toFixed(1)} |`)
  }
  const same = await cheapest(inJavaScript)
  lines.push(`| the same in JavaScript, a header and a field | ${same.toFixed(1)} | ${(same - none).toFixed(1)} |`)
  return [...lines, '']
}
