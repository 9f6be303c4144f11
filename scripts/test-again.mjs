// Loaded first into every test file of a whole run: a file with a failed test runs once more, alone in a new process, and that run counts.
// A stall of a busy machine is no fault of the code. The first run is named in the log and before the summary: it is still a fault of the test.
// So that a broken change fails, MOST_FILES of a run get this chance.
import { spawn } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import v8 from 'node:v8'
import { isMainThread } from 'node:worker_threads'

/** A run in which more files fail has a fault of its own. */
const MOST_FILES = 3

// Only the process that the runner starts for a file: not the runner, no thread, nothing that a test starts.
const { NODE_TEST_CONTEXT, TEST_UNSTEADY_FILES: list } = process.env
if (isMainThread && NODE_TEST_CONTEXT !== undefined && list !== undefined) process.exit(await watched(list))

async function watched(list) {
  v8.stopCoverage()
  const first = await run()
  if (first.status === 0 || count(list) >= MOST_FILES) return told(first)
  const relative = path.relative('.', process.argv[1])
  // files that share a process are imported by one outside of the project, named by their folder
  const file = relative.startsWith('..') ? path.basename(relative) : relative
  appendFileSync(list, `${file}\n`)
  console.error(`unsteady: ${file} failed, and runs once more. Its errors:\n${reasons(first.output)}`)
  return told(await run())
}

/** Runs the test file itself; `output` is what the runner reads. */
function run() {
  const env = { ...process.env }
  delete env.TEST_UNSTEADY_FILES
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    env,
    stdio: ['inherit', 'pipe', 'inherit']
  })
  const end = signal => child.kill(signal)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, end)
  const chunks = []
  child.stdout.on('data', chunk => chunks.push(chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', status => {
      for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, end)
      resolve({ status: status ?? 1, output: Buffer.concat(chunks) })
    })
  })
}

/** Not by writeSync: the pipe to the runner may be full. */
function told({ status, output }) {
  return new Promise(resolve => process.stdout.write(output, () => resolve(status)))
}

/** The messages for the runner are binary: of their texts, those that say what failed and where. */
function reasons(output) {
  const lines = output.toString('latin1').split('\n')
  const telling = lines.flatMap(
    line => /\w*Error\b[\x20-\x7e]*|^\s+at [\x20-\x7e]*|^[+-] [\x20-\x7e]*|^[\x20-\x7e]* !== [\x20-\x7e]*/.exec(line)?.[0] ?? []
  )
  return [...new Set(telling)].slice(0, 60).join('\n')
}

function count(list) {
  return readFileSync(list, 'utf8').split('\n').length - 1
}
