// Runs the tests: all `*.test.ts` below test/, or below the folders and files given. Node 20 knows no globs for --test.
// Each file has ten minutes (TEST_FILE_LIMIT_MS); the output ends with the runner's own summary.
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const wanted = process.argv.slice(2)
const files = (wanted.length > 0 ? wanted : ['test']).flatMap(place => {
  const full = path.resolve(root, place)
  if (!statSync(full).isDirectory()) return [full]
  return readdirSync(full, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.ts'))
    .sort()
    .map(name => path.join(full, name))
})
const preloads = ['./scripts/sources.mjs', './scripts/test-limit.mjs'].flatMap(name => ['--import', name])
const args = ['--conditions=sluice-source', ...preloads, '--test', '--test-concurrency=2', ...files]
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
process.exit(status ?? 1)
