/**
 * Programs and what gopher-lua 1.1.1 made of them: what they printed and the error they ended with. Recorded with `lua.NewState()` and `DoString`;
 * `print` and `io.write` wrote to the record. Texts hold one char for each byte; addresses are cut. `recorded.jsonl` was written by hand and at
 * random, `recorded-systematic.jsonl` goes through functions, operators, events, patterns and formats with arguments of all kinds.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  compileLua,
  hostFunction,
  LuaError,
  LuaSyntaxError,
  LuaTable,
  NOTHING,
  tostring
} from '../../../../../plugins/modifier/lua/engine/index.js'

interface Recorded {
  readonly name: string
  readonly src: string
  readonly out: string
  readonly err?: string
}

const here = path.dirname(fileURLToPath(import.meta.url))
const recorded = ['recorded.jsonl', 'recorded-systematic.jsonl']
  .flatMap(file => readFileSync(path.join(here, file), 'utf8').split('\n'))
  .filter(line => line !== '')
  .map(line => JSON.parse(line) as Recorded)
const LONG = 60_000

const withoutAddresses = (text: string): string => text.replace(/(function|table|userdata|thread): 0x[0-9a-f]+/g, '$1: 0x')

async function outcome(src: string, trialRuns: number): Promise<{ out: string; err: string }> {
  let out = ''
  const io = new LuaTable()
  const write = hostFunction('write', (...values) => {
    out += values.map(tostring).join('')
    return NOTHING
  })
  io.set('write', write)
  const print = (text: string): void => {
    out += text
  }
  let err = ''
  try {
    const text = Buffer.from(src, 'latin1')
    await compileLua([{ text }], { libraries: 'open', globals: { io }, print, limits: { cpuMs: LONG, blockMs: LONG }, trialRuns })
      .start()
      .execute(0)
  } catch (error) {
    if (error instanceof LuaError) err = tostring(error.value)
    else if (error instanceof LuaSyntaxError) err = error.message
    else throw error
  }
  return { out: withoutAddresses(out), err: withoutAddresses(err) }
}

for (const [how, trialRuns] of [
  ['plain functions', 0],
  ['generators', 1]
] as const) {
  describe(`programs recorded from gopher-lua, as ${how}`, () => {
    for (const { name, src, out, err = '' } of recorded) {
      it(name, async () => {
        assert.deepEqual(await outcome(src, trialRuns), { out, err }, src)
      })
    }
  })
}

it('has at least 1500 programs', () => {
  assert.ok(recorded.length >= 1500, String(recorded.length))
})
