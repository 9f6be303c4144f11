import assert from 'node:assert/strict'
import cluster, { type Worker } from 'node:cluster'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { test } from 'node:test'
import { forkWorker } from '../../../src/cli/workers/worker-process.js'
import { once, until, within } from '../../support/waiting.js'
import { folderWith } from '../command.js'

const SERVER = `import { createServer } from 'node:net'
createServer(socket => socket.on('error', () => {}).end(String(process.pid))).listen(0, '127.0.0.1')`

/** Stops a process: it takes nothing from then on. */
async function hold({ process: { pid } }: Worker): Promise<void> {
  process.kill(pid!, 'SIGSTOP')
  await until(() => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.startsWith('T'), 'the process to stand still')
}

/** What a server says to a connection until that ends. */
function said(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', chunk => {
    text += chunk
  })
  socket.on('error', () => {})
  return within('the end of a connection', new Promise(resolve => socket.on('close', () => resolve(text))))
}

test('a connection that a dying worker did not take goes to another one, or is closed', {
  skip: process.platform === 'linux' ? false : 'looks into /proc'
}, async t => {
  const folder = await folderWith(t, { 'worker.mjs': SERVER })
  cluster.setupPrimary({ exec: `${folder}/worker.mjs`, args: [], execArgv: [], cwd: folder, serialization: 'advanced' })
  const up = new Set<Worker>()
  const start = async (): Promise<[Worker, number]> => {
    const worker = forkWorker(
      1,
      () => assert.fail('it was started'),
      one => [...up].some(other => other !== one)
    )
    t.after(() => worker.process.kill('SIGKILL'))
    const [{ port }] = await within('the port', once<[{ port: number }]>(worker, 'listening'))
    up.add(worker)
    return [worker, port]
  }
  const [first, port] = await start()
  const [second] = await start()
  const pid = String(second.process.pid)
  await hold(first)
  // one of them is handed to each
  const both = [said(port), said(port)]
  assert.equal(await Promise.race(both), pid)
  first.process.kill('SIGKILL')
  assert.deepEqual(await Promise.all(both), [pid, pid])
  up.delete(first)

  await hold(second)
  const handed = new Promise<void>(resolve => {
    const { send } = second.process
    second.process.send = (message: { act?: string }, ...more: unknown[]): boolean => {
      if (message.act === 'newconn') resolve()
      return Reflect.apply(send, second.process, [message, ...more])
    }
  })
  const last = said(port)
  await within('the connection to be handed over', handed)
  second.process.kill('SIGKILL')
  assert.equal(await last, '')
})
