import assert from 'node:assert/strict'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { once } from '../support/waiting.js'
import { CLI, folderWith, Watched } from './command.js'

/** Plugins whose factories run `work`; what they print on stderr the test waits for. */
const plugin = (work: string): string => `
  import cluster from 'node:cluster'
  const say = text => process.stderr.write(text + '\\n')
  const never = new Promise(() => {})
  export const HandlerRegisterer = {
    registerHandlers (register) { register('slow', async (context, extra, next) => { ${work}; return next }) }
  }`

const ALWAYS_SLOW = `say('starts'); await never`
const WORKERS_SLOW = `if (cluster.isWorker) { say('worker ' + cluster.worker.id + ' starts'); await never }`

/** A configuration with one plugin whose factory does `work`. */
async function configure(t: TestContext, work: string): Promise<string> {
  const plugins = await folderWith(t, { 'slow.mjs': plugin(work) })
  const config = {
    version: 3,
    listen_ip: '127.0.0.1',
    plugin: { folder: `${plugins}/`, pattern: '.mjs' },
    endpoints: [{ endpoint: '/x', backend: [{ host: ['http://127.0.0.1:99'], url_pattern: '/x' }] }],
    extra_config: { 'plugin/http-server': { name: ['slow'] } }
  }
  return path.join(await folderWith(t, { 'k.json': JSON.stringify(config) }), 'k.json')
}

async function start(t: TestContext, work: string, ...more: string[]): Promise<Watched> {
  return new Watched(t, [...CLI, 'run', '-c', await configure(t, work), '-p', '0', ...more], { detached: true })
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} while the gateway starts ends it with 0`, async t => {
    const gateway = await start(t, ALWAYS_SLOW)
    await gateway.until(/starts/)
    gateway.child.kill(signal)
    assert.deepEqual(await gateway.exited, [0, null])
  })

  test(`${signal} while its workers start ends all of them with 0`, async t => {
    const gateway = await start(t, WORKERS_SLOW, '--workers', '2')
    await gateway.until(/worker 1 starts/)
    gateway.child.kill(signal)
    assert.deepEqual(await gateway.exited, [0, null])
    assert.match(gateway.text, /All workers ended/)
  })

  test(`${signal} to every process of a group whose workers start is the same`, async t => {
    const gateway = await start(t, WORKERS_SLOW, '--workers', '2')
    await gateway.until(/worker 1 starts/)
    process.kill(-gateway.child.pid!, signal)
    assert.deepEqual(await gateway.exited, [0, null])
  })
}

test('a signal that comes before a worker has loaded the command is not lost', async t => {
  const gateway = await start(t, WORKERS_SLOW, '--workers', '2')
  await gateway.until(/Starting 2 worker/)
  gateway.child.kill('SIGTERM')
  assert.deepEqual(await gateway.exited, [0, null])
})

test('a worker that crashes while it starts ends the others, with its code', async t => {
  const crash = `if (cluster.isWorker && cluster.worker.id === 2) process.exit(3); ${WORKERS_SLOW}`
  const gateway = await start(t, crash, '--workers', '2')
  assert.deepEqual(await gateway.exited, [3, null])
  assert.match(gateway.text, /Worker 2 could not start \(code 3\)/)
  assert.match(gateway.text, /All workers ended/)
})

test('a worker that is killed while it starts is a failure too', async t => {
  const killed = `if (cluster.isWorker && cluster.worker.id === 2) process.kill(process.pid, 'SIGKILL'); ${WORKERS_SLOW}`
  const gateway = await start(t, killed, '--workers', '2')
  assert.deepEqual(await gateway.exited, [1, null])
  assert.match(gateway.text, /Worker 2 could not start \(SIGKILL\)/)
})

for (const [what, more, work] of [
  ['serves', [], ''],
  ['starts', [], ALWAYS_SLOW],
  ['serves with workers', ['--workers', '1'], '']
] as const) {
  test(`a gateway that ${what} ends with the shell in which npm runs it`, async t => {
    const words = [process.execPath, ...CLI, 'run', '-c', await configure(t, work), '-p', '0', ...more]
    const command = `${words.map(word => `'${word}'`).join(' ')}; true`
    const env = { ...process.env, npm_lifecycle_event: 'start' }
    const shell = new Watched(t, ['-c', command], { program: 'sh', env })
    const ended = once(shell.child.stdout!, 'close')
    await shell.until(work === '' ? /Listening on port/ : /starts/)
    shell.child.kill('SIGTERM')
    await ended
  })
}
