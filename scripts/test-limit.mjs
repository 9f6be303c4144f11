// Loaded into every test file by scripts/test.mjs: ends a file of which no test has ended for the limit, names it, and says what it was at.
// A busy machine makes every test slower, so it is not the whole file that has a limit.
// `--test-timeout` cannot do this: Node 20 and 22 apply it to files but name no test, Node 24 applies it to tests alone.
import path from 'node:path'
import process from 'node:process'
import { isMainThread, Worker } from 'node:worker_threads'

const LIMIT_MS = Number(process.env.TEST_FILE_LIMIT_MS ?? 600_000)
/** How long a file may take to end by itself when its limit is over; a thread in an endless loop cannot. */
const GRACE_MS = 2000

// Node's runner sets it on a terminal; what tests start inherits it and is compared without colours.
delete process.env.FORCE_COLOR

// The runner itself loads this file too, without this variable, and so do threads that tests start.
if (isMainThread && process.env.NODE_TEST_CONTEXT !== undefined) await watch(path.relative(process.cwd(), process.argv[1]))

async function watch(file) {
  const { afterEach, beforeEach } = await import('node:test')
  const running = new Set()
  beforeEach(test => void running.add(test.name))
  afterEach(test => {
    running.delete(test.name)
    clock.postMessage('goes on')
  })
  const said = `${file}: no test has ended for ${LIMIT_MS / 1000} s`
  const workerData = { said: `${said}, its thread is busy\n`, limitMs: LIMIT_MS, graceMs: GRACE_MS }
  const clock = new Worker(`(${tick})()`, { eval: true, execArgv: [], workerData })
  clock.on('message', () => {
    const open = process.getActiveResourcesInfo().join(', ')
    console.error(`${said}. Tests that run: ${[...running].join(' > ') || 'none'}. Open: ${open}`)
    process.exit(1)
  })
  clock.unref()
}

/** Runs in a thread of its own, which an endless loop of the file does not stop. */
function tick() {
  const { parentPort, workerData } = require('node:worker_threads')
  const over = () => {
    parentPort.postMessage('over')
    setTimeout(() => {
      require('node:fs').writeSync(2, workerData.said)
      process.kill(process.pid, 'SIGKILL')
    }, workerData.graceMs)
  }
  let timer = setTimeout(over, workerData.limitMs)
  parentPort.on('message', () => {
    clearTimeout(timer)
    timer = setTimeout(over, workerData.limitMs)
  })
}
