/** Broken configurations: what `check` and `run` say, as recorded from KrakenD or as `differences.json` has it. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fill } from '../../fixtures/specs/replay.mjs'
import { main } from '../../src/cli/main.js'
import { Terminal } from '../../src/cli/terminal.js'
import { createGateway } from '../../src/gateway.js'
import { silentLogger } from '../../src/telemetry/logger.js'
import { readSpec } from '../support/specs.js'
import { Collected } from '../telemetry/collect.js'

interface Case {
  readonly name: string
  readonly ext?: string
  readonly text?: string
  readonly config?: object
  readonly no_file?: boolean
}

type Outcome = 'passes' | 'fails'

interface Recorded {
  readonly name: string
  readonly check: { readonly exit: unknown }
  readonly run: { readonly exit: unknown }
}

/** Sluice's own outcomes, with the section of `docs/differences.md` that says why. */
interface Difference {
  readonly check?: Outcome
  readonly run?: Outcome
  readonly tolerant?: Outcome
  readonly reason: string
}

const VARS = {
  port: 0,
  backend: '127.0.0.1:11',
  backend2: '127.0.0.1:12',
  backend3: '127.0.0.1:13',
  dead: '127.0.0.1:14',
  kit: 'fixtures/specs'
}
const folder = mkdtempSync(join(tmpdir(), 'sluice-broken-'))
after(() => rmSync(folder, { recursive: true }))

const differences = readSpec<Record<string, Difference>>('invalid/differences.json')
const recorded = new Map(readSpec<Recorded[]>('invalid/golden.json').map(one => [one.name, one]))

async function check(file: string): Promise<{ outcome: Outcome; text: string }> {
  const out = new Collected()
  const code = await main(['check', '-c', file], { terminal: new Terminal(out, out, {}) })
  return { outcome: code === 0 ? 'passes' : 'fails', text: out.text }
}

async function run(file: string, tolerant: boolean): Promise<Outcome> {
  try {
    const gateway = await createGateway(file, { port: 0, env: {}, tolerant, logger: silentLogger })
    try {
      await gateway.listen()
    } finally {
      await gateway.close()
    }
    return 'passes'
  } catch {
    return 'fails'
  }
}

const outcomeOf = (exit: unknown): Outcome => (exit === 0 || exit === 'running' ? 'passes' : 'fails')
/** A run that ends at once has failed, whatever its exit code. */
const runOutcomeOf = (exit: unknown): Outcome => (exit === 'running' ? 'passes' : 'fails')

for (const one of readSpec<Case[]>('invalid/cases.json')) {
  test(`${one.name}: check, run and run --tolerant end as they should`, async () => {
    const file = join(folder, `${one.name.replace('/', '-')}.${one.ext ?? 'json'}`)
    if (!one.no_file) writeFileSync(file, fill(one.text ?? JSON.stringify(one.config), VARS))
    const { outcome, text } = await check(file)
    if (outcome === 'fails') assert.match(text, /ERROR|error/, 'says what is wrong')
    const golden = recorded.get(one.name)!
    const actual = { check: outcome, run: await run(file, false), tolerant: await run(file, true) }
    // With --tolerant the gateway starts wherever KrakenD starts, and what run refuses, check has already said.
    const start = runOutcomeOf(golden.run.exit)
    const expected = { check: outcomeOf(golden.check.exit), run: start, tolerant: start }
    const { reason, ...own } = differences[one.name] ?? { reason: undefined }
    assert.deepEqual(actual, { ...expected, ...own }, reason)
    if (reason !== undefined) assert.notDeepEqual(actual, expected, 'listed as different, but the same')
  })
}
