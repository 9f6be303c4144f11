/** How a guest is loaded: what of it is refused at the start, and what its start may do. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigError } from '../../../../src/errors.js'
import { json, startUpstream } from '../../support.js'
import { drop, grow, guest, host, store, trap, when } from '../guest.js'
import { openGuests } from '../support.js'

const refused: Record<string, [bytes: Uint8Array, text: RegExp, plugin?: object]> = {
  'no handle_response': [
    guest({ without: 'handle_response' }),
    /plugin 'bad' \(\S+bad\.wasm\): guest doesn't export func\[handle_response\]/
  ],
  'no memory': [guest({ without: 'memory' }), /guest doesn't export memory\[memory\]/],
  'a start that traps': [guest({ start: [trap] }), /plugin 'bad' \(\S+bad\.wasm\): unreachable/],
  'a start that asks for a request': [guest({ start: [host.set_method!('POST')] }), /a start function has no request/],
  'a _start that ends with an error': [guest({ main: [trap] }), /unreachable/],
  'more memory than it may have': [
    guest({ pages: 3 }),
    /an instance begins with 196608 bytes of memory and may have 131072: raise "plugin": \{"wasm": \{"max_memory": …\}\}/,
    { wasm: { max_memory: '128KiB' } }
  ],
  'no module at all': [Buffer.from('text'), /this is no WebAssembly module/]
}

for (const [what, [bytes, text, plugin = {}]] of Object.entries(refused)) {
  test(`refused at the start: ${what}`, async t => {
    await assert.rejects(openGuests(t, 'http://127.0.0.1:9999', { 'bad.wasm': bytes }, { plugin }), (error: ConfigError) => {
      assert.match(error.message, text)
      return true
    })
  })
}

test('functions that no host has are named', async t => {
  const bytes = Buffer.from(
    guest({ request: [host.set_uri!('/')] })
      .toString('latin1')
      .replace('set_uri', 'set_xyz'),
    'latin1'
  )
  await assert.rejects(
    openGuests(t, 'http://127.0.0.1:9999', { 'bad.wasm': bytes }),
    /imports http_handler\.set_xyz, which no host has; it can import/
  )
})

test('with on_error skip the rest runs', async t => {
  const up = await startUpstream(t, json({ ok: true }))
  const files = {
    'bad.wasm': guest({ start: [trap] }),
    'good.wasm': guest({ request: [host.set_header_value!(1, 'x-good', '1')] })
  }
  const { gateway, log } = await openGuests(t, up.host, files, { plugin: { on_error: 'skip' } })
  assert.equal((await gateway.request({ path: '/x' })).headers['x-good'], '1')
  await log.line(/ERROR: \[ENDPOINT: \/x\] Error getting the plugin handler: plugin 'bad'/)
})

test('memory ends at max_memory: what a guest cannot get it is told', async t => {
  const up = await startUpstream(t, json({}))
  const bytes = guest({ request: [store(0, grow(1)), store(4, grow(1)), host.write_body!(1, 0, 8)], result: 0n })
  const { gateway } = await openGuests(t, up.host, { 'guest.wasm': bytes }, { plugin: { wasm: { max_memory: 131_072 } } })
  const body = Buffer.from((await gateway.request({ path: '/x' })).body)
  assert.deepEqual([body.readInt32LE(0), body.readInt32LE(4)], [1, -1])
})

test('start functions run once for each instance, before its first request', async t => {
  const up = await startUpstream(t, json({}))
  const bytes = guest({ start: [host.log!(0, 'begins')], main: [host.log!(0, 'starts')], request: [when(1, drop(1))] })
  const { gateway, log } = await openGuests(t, up.host, { 'guest.wasm': bytes })
  await gateway.request({ path: '/x' })
  await gateway.request({ path: '/x' })
  const lines = log.lines.filter(line => /begins|starts/.test(line)).map(line => line.split('] ')[1])
  assert.deepEqual(lines, ['begins', 'starts'])
})

test('an unknown name lists the guests, and a guest is no modifier', async t => {
  const files = { 'guest.wasm': guest({}) }
  await assert.rejects(openGuests(t, 'http://127.0.0.1:9999', files, { names: ['guset'] }), /did you mean.*guest/i)
  await assert.rejects(
    openGuests(t, 'http://127.0.0.1:9999', files, { modifier: true }),
    /'guest' is registered as a (client|handler) plugin/
  )
})

test('`sluice pipes` says which guest may hold bodies', async t => {
  const files = {
    'head.wasm': guest({}),
    'body.wasm': guest({ request: [drop(host.read_body!(0, 0, 9))] }),
    'text.wasm': guest({ request: [host.write_body!(1, 'x')] })
  }
  const { gateway } = await openGuests(t, 'http://127.0.0.1:9999', files, { names: ['head', 'body', 'text'] })
  const stages = gateway.pipes[0]!.stages.filter(stage => stage.name.startsWith('plugin/'))
  assert.deepEqual(
    stages.map(({ name, holdsBody }) => [name, holdsBody]),
    [
      ['plugin/http-server: text', 'no'],
      ['plugin/http-server: body', 'yes'],
      ['plugin/http-server: head', 'no']
    ]
  )
})
