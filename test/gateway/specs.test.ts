/**
 * Every recorded case matches, or is listed in `fixtures/specs/differences.json` with the section of `docs/differences.md` that gives the
 * reason. Cases of namespaces that the gateway does not have wait.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Result } from '../../fixtures/specs/replay.mjs'
import { type Replayed, readSpec, replaySpec, specNames } from '../support/specs.js'

/** Reasons by case. */
const reasons = new Map(Object.entries(readSpec<Record<string, string>>('differences.json')))

/**
 * Some cases are about times (timeouts, rates, the order of merges) that were recorded on a calm machine. A file that differs is
 * replayed again: what a busy machine did once it does not do each time.
 */
const TRIES = 3

/** Files at a time: most of the time of a case is waiting. */
const AT_ONCE = 4

test('recorded cases', { concurrency: AT_ONCE }, async t => {
  await Promise.all(
    specNames().map(name =>
      t.test(`answers ${name} as recorded, or as reasoned`, async t => {
        const { matched, unexplained, pending } = await replayed(name)
        assert.deepEqual(unexplained, [], 'differences without a reason')
        const stale = matched.filter(one => reasons.has(one))
        assert.deepEqual(stale, [], 'listed as different, but the same')
        if (pending.size > 0) t.diagnostic(`${pending.size} cases wait for ${[...new Set(pending.values())].join(', ')}`)
      })
    )
  )
})

async function replayed(name: string): Promise<Replayed & { unexplained: [string, readonly string[]][] }> {
  for (let tries = 1; ; tries++) {
    const found = await replaySpec(name)
    const unexplained = [...found.differing].filter(([one]) => !reasons.has(one))
    if (unexplained.length === 0 || tries === TRIES) return { ...found, unexplained }
  }
}

test('every reason belongs to a recorded case', () => {
  const names = new Set(specNames().flatMap(name => readSpec<Result>(`golden/${name}.json`).requests.map(one => one.name)))
  assert.deepEqual(
    [...reasons.keys()].filter(name => !names.has(name)),
    []
  )
})
