/** The right responses of the cases: programs that respond otherwise do other work, and their figures do not compare. */
import { isDeepStrictEqual } from 'node:util'
import { ask } from './ask.mjs'
import { bodies } from './bodies.mjs'
import { PROMISED } from './real-life.mjs'

const files = bodies()
const json = name => JSON.parse(files[name])
const merged = { ...json('a.json'), ...json('b.json'), ...json('c.json') }
const { id, name, total } = json('16k.json')

/** By path: a text, compared byte for byte, or a value of JSON. */
const EXPECTED = {
  '/150.txt': files['150.txt'],
  '/16k.txt': files['16k.txt'],
  '/1m.txt': files['1m.txt'],
  '/upload': 'ok',
  '/json/150': json('150.json'),
  '/json/16k': json('16k.json'),
  '/json/1m': json('1m.json'),
  '/merge': merged,
  '/group': { a: json('a.json'), b: json('16k.json'), c: json('c.json') },
  '/allow': { id, name, total },
  '/rs/150.txt': files['150.txt'],
  '/es/150.txt': files['150.txt'],
  '/rs/json': json('16k.json'),
  '/rs/merge': merged,
  '/rs/orders': 'ok',
  '/rs/cached': files['150.txt']
}

/** Whether a body is that of the right response. */
function isExpected(path, body) {
  const expected = EXPECTED[path]
  return typeof expected === 'string' ? body === expected : isDeepStrictEqual(JSON.parse(body), expected)
}

/**
 * Asks a peer for a case as the load will: status and body, twice; of one with the components also the fields that they promise, and that each
 * refuses what it is there to refuse.
 * @throws {Error} that says what differs
 */
export async function checkResponses(one, { name: peer, guarded = false }, port) {
  const differs = what => new Error(`${peer} does not do the work of '${one.title}': ${what}`)
  for (let i = 0; i < 2; i++) {
    const { status, headers, body } = await ask(port, one)
    if (status !== 200) throw differs(`status ${status}`)
    if (!isExpected(one.path, body)) throw differs(`the body is ${body.slice(0, 200)}`)
    if (guarded) checkPromised(headers, differs)
  }
  if (!guarded) return
  for (const [what, change] of Object.entries(one.refused)) {
    const { status } = await ask(port, { ...one, ...change })
    if (status < 400) throw differs(`${what} gets ${status}`)
  }
}

function checkPromised(headers, differs) {
  for (const [field, value] of Object.entries(PROMISED))
    if (headers[field] === undefined || (value !== undefined && headers[field].toLowerCase() !== value.toLowerCase()))
      throw differs(`${field} is ${headers[field]}`)
}
