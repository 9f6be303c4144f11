import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
// @ts-expect-error JavaScript without declarations
import { UsageError } from '../../../bench/peers/options.mjs'
// @ts-expect-error JavaScript without declarations
import { Figures } from '../../../bench/peers/resume.mjs'

const WAY = { rounds: 3, seconds: 1, warmup: 1 }

function fileFor(t: { after(run: () => void): void }): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'resume-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return path.join(folder, 'figures.json')
}

const refused = (message: RegExp) => (error: Error) => error instanceof UsageError && message.test(error.message)

test('what an earlier run measured is not measured again', async t => {
  const resume = fileFor(t)
  const measured: string[] = []
  const run = (figures: InstanceType<typeof Figures>, id: string) => figures.of(id, async () => ({ number: measured.push(id) }))
  const first = new Figures({ resume, ...WAY })
  await run(first, 'a')
  await run(first, 'b')
  await assert.rejects(
    first.of('c', () => Promise.reject(new Error('ended'))),
    /ended/
  )
  const second = new Figures({ resume, ...WAY })
  assert.deepEqual([second.has('a'), second.has('c')], [true, false])
  assert.deepEqual(await run(second, 'b'), { number: 2 })
  assert.deepEqual(await run(second, 'c'), { number: 3 })
  assert.deepEqual(measured, ['a', 'b', 'c'])
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(resume, 'utf8')).figures), ['a', 'b', 'c'])
})

test('figures that were measured in another way are refused', async t => {
  const resume = fileFor(t)
  await new Figures({ resume, ...WAY }).of('a', async () => 1)
  assert.throws(() => new Figures({ resume, ...WAY, rounds: 4 }), refused(/was measured with .*"rounds":3/))
  writeFileSync(resume, '{')
  assert.throws(() => new Figures({ resume, ...WAY }), refused(/holds no figures/))
})

test('without a file nothing is kept', async () => {
  const figures = new Figures({ resume: '', ...WAY })
  assert.equal(await figures.of('a', async () => 1), 1)
  assert.equal(await figures.of('a', async () => 2), 1)
})
