// Runs the tests: all `*.test.ts` below test/, or below the folders and files given. Node 20 knows no globs for --test.
// Each test has ten minutes (TEST_FILE_LIMIT_MS); the output ends with the runner's own summary.
// In a run of all tests, a few files with failed tests run once more, one at a time, and that run counts. A stall of a busy machine is no
// fault of the code, but the files are named: it is a fault of their tests.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

/** Files of one folder that share a process: a process of its own costs each more than its tests do, most of all with coverage. */
const TOGETHER = 12
/** What needs a process of its own: it weighs or changes its process, or has hooks that would hold for the tests of other files. */
const ALONE =
  /^(?:before|after)(?:Each)?\(|\bprocess\.(?:env(?:\.\w+|\[[^\]]+\]) = |on\(|once\(|emit|exit|chdir|kill|memoryUsage)|delete process\.env|\bmock\b|globalThis|\bgc\(|\bpassTime\(|own process/m
/** Folders whose files start processes or take long: shared, they would end last. */
const LONG = ['chaos', 'cli', 'deploy', 'docs', 'examples', 'fuzz'].map(name => path.join('test', name))

/** Where more files fail, the change that is tested is at fault. */
const MOST_AGAIN = 3

const wanted = process.argv.slice(2)
const alone = []
const shared = new Map()
for (const place of wanted.length > 0 ? wanted : ['test']) {
  const full = path.resolve(root, place)
  if (!statSync(full).isDirectory()) alone.push(full)
  else for (const file of testsBelow(full)) (mayShare(file) ? groupOf(file) : alone).push(file)
}

function testsBelow(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.ts'))
    .sort()
    .map(name => path.join(folder, name))
}

function mayShare(file) {
  const relative = path.relative(root, file)
  return !LONG.some(folder => relative.startsWith(folder + path.sep)) && !ALONE.test(readFileSync(file, 'utf8'))
}

function groupOf(file) {
  const folder = path.relative(path.join(root, 'test'), path.dirname(file))
  const name = folder.split(path.sep).slice(0, 2).join('-') || 'test'
  if (!shared.has(name)) shared.set(name, [])
  return shared.get(name)
}

const scratch = mkdtempSync(path.join(tmpdir(), 'sluice-tests-'))
/** Files that import those that share a process. */
const groups = [...shared].flatMap(([name, files]) => {
  const count = Math.ceil(files.length / TOGETHER)
  return Array.from({ length: count }, (_, i) => {
    const file = path.join(scratch, `${name}-${i + 1}.test.mjs`)
    const members = files.filter((_, at) => at % count === i)
    writeFileSync(file, members.map(each => `import ${JSON.stringify(pathToFileURL(each).href)}\n`).join(''))
    return file
  })
})

// the limit first: it also ends a file whose loader never starts
const preloads = ['./scripts/test-limit.mjs', './scripts/sources.mjs'].flatMap(name => ['--import', name])
const reporter = process.stdout.isTTY ? 'spec' : './scripts/tap-failures.mjs'
const failed = path.join(scratch, 'failed.txt')
const runTests = (files, concurrency) => {
  const args = [
    '--conditions=sluice-source',
    ...preloads,
    '--test',
    `--test-concurrency=${concurrency}`,
    ...reportersOf({ [reporter]: 'stdout', './scripts/failed-files.mjs': failed }),
    ...files
  ]
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status
}
function reportersOf(destinations) {
  return Object.entries(destinations).flatMap(([name, to]) => [`--test-reporter=${name}`, `--test-reporter-destination=${to}`])
}

let status
try {
  status = runTests([...alone, ...groups], 2)
  const again = status === 0 || wanted.length > 0 ? [] : readFileSync(failed, 'utf8').split('\n').filter(Boolean)
  if (again.length > 0 && again.length <= MOST_AGAIN) {
    console.log(
      `# unsteady: these files failed and run once more\n${again.map(file => `#   ${path.relative(root, file)}\n`).join('')}`
    )
    status = runTests(again, 1)
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
process.exit(status ?? 1)
