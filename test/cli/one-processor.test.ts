import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { BESIDE, spareTheProcessor } from '../../src/cli/one-processor.js'

const flagsWith = (processors: number): string[] => {
  const flags: string[] = []
  spareTheProcessor(processors, flag => flags.push(flag))
  return flags
}

test('garbage is collected on the main thread where there is one processor, and beside it where there are more', () => {
  assert.deepEqual(
    flagsWith(1),
    BESIDE.map(work => `--no-${work}`)
  )
  assert.deepEqual(flagsWith(2), [])
})

/** Holds and drops objects of V8 and of Node, so that all generations are collected many times. */
const COLLECTED = `
  let kept = []
  for (let n = 0; n < 60; n++) {
    for (let i = 0; i < 20000; i++) kept.push({ text: 'x' + i, list: [i], map: i % 8 === 0 ? new Map([[i, i]]) : undefined })
    kept.push(new AbortController(), new URL('http://a/' + n), new TextDecoder(), new Blob(['x']), new Uint8Array(1e6))
    if (kept.length > 200000) kept = kept.slice(100000)
    await new Promise(resolve => setImmediate(resolve))
  }
  console.log('served')
`

test('V8 knows what is set, and goes on collecting', () => {
  const set = `import { setFlagsFromString } from 'node:v8'; for (const flag of ${JSON.stringify(flagsWith(1))}) setFlagsFromString(flag);`
  const args = ['--trace-gc', '--input-type=module', '--eval', `${set}${COLLECTED}`]
  const printed = execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  assert.match(printed, /^served$/m)
  assert.match(printed, /Mark-Compact/)
  assert.doesNotMatch(printed, /unrecognized/)
})
