import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { within } from '../support/waiting.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const GATEWAY = 'node --conditions=sluice-source --import tsx src/cli.ts run -c {cfg}'

/** Runs the kit of fixtures/hostile in a process of its own and returns what it says. */
function runKit(...options: string[]): Promise<{ code: number | null; text: string }> {
  const done = new Promise<{ code: number | null; text: string }>(resolve => {
    const kit = spawn(process.execPath, ['fixtures/hostile/run.mjs', '--strict', '--quiet', '--cmd', GATEWAY, ...options], {
      cwd: ROOT
    })
    let text = ''
    for (const stream of [kit.stdout, kit.stderr]) {
      stream.on('data', chunk => {
        text += chunk
      })
    }
    kit.on('close', code => resolve({ code, text }))
  })
  return within('the end of fixtures/hostile/run.mjs', done, 240_000)
}

test('hostile clients and upstreams end nothing but themselves', async t => {
  const { code, text } = await runKit('--short')
  t.diagnostic(text.trim().split('\n').at(-1) ?? '')
  assert.equal(code, 0, text)
  const [, passed, total] = /TOTAL (\d+)\/(\d+)/.exec(text) ?? []
  assert.equal(passed, total)
  assert.ok(Number(total) > 100, 'the kit is complete')
})
