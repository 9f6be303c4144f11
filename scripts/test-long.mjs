// The tests that move gigabytes or weigh processes, with their figures: minutes, Linux, not part of `npm test`. Then the whole kit of hostile traffic.
import { spawnSync } from 'node:child_process'

process.env.SLUICE_LONG = '1'
process.env.CHAOS_LONG = '1'
process.env.TEST_FILE_LIMIT_MS ??= '3600000'
const run = (...args) => spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1
const tests = run(
  'scripts/test.mjs',
  'test/gateway/large-bodies.test.ts',
  'test/gateway/reloads-under-load.test.ts',
  'test/cli/reload.test.ts',
  'test/plugin/heavy-chains.test.ts',
  'test/plugin/wasm/go-aborts.test.ts',
  'test/plugin/wasm/go-chain.test.ts',
  'test/plugin/wasm/go-requests.test.ts',
  'test/plugins/telemetry/opentelemetry/cardinality.test.ts',
  'test/chaos'
)
const hostile = spawnSync('npm', ['run', 'hostile'], { stdio: 'inherit' }).status ?? 1
process.exit(tests || hostile)
