import assert from 'node:assert/strict'
import { rename, stat, writeFile } from 'node:fs/promises'
import { Agent, type ClientRequest, request } from 'node:http'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { freePort } from '../support/free-port.js'
import { openUpstream } from '../support/upstream.js'
import { fetch, until } from '../support/waiting.js'
import { CLI, folderWith, Watched } from './command.js'

interface Started {
  readonly gateway: Watched
  readonly url: string
  /** Where the sockets of gateways stand. */
  readonly runDir: string
  readonly folder: string
  /** Replaces the configuration by rename. */
  write(config: object): Promise<void>
  /** Runs `sluice reload`; resolves with its exit code and what it printed. */
  reload(...args: string[]): Promise<[code: unknown, text: string]>
}

const configFor = (origin: string, name: string, more: object = {}): object => ({
  version: 3,
  timeout: '60s',
  name,
  listen_ip: '127.0.0.1',
  extra_config: { router: { return_error_msg: true } },
  endpoints: [{ endpoint: '/x', output_encoding: 'no-op', backend: [{ host: [origin], url_pattern: `/${name}` }] }],
  ...more
})

async function start(t: TestContext, config: object, args: string[] = [], files: Record<string, string> = {}): Promise<Started> {
  const folder = await folderWith(t, { 'sluice.json': JSON.stringify(config), ...files })
  const runDir = path.join(folder, 'run')
  const file = path.join(folder, 'sluice.json')
  const port = await freePort()
  const env = { ...process.env, SLUICE_RUN_DIR: runDir }
  const gateway = new Watched(t, [...CLI, 'run', '-c', file, '-p', String(port), ...args], { env })
  await gateway.until(/Listening on port: (\d+)/)
  const write = async (young: object): Promise<void> => {
    await writeFile(`${file}.new`, JSON.stringify(young))
    await rename(`${file}.new`, file)
  }
  const reload = async (...more: string[]): Promise<[unknown, string]> => {
    const command = new Watched(t, [...CLI, 'reload', ...more], { env })
    const [code] = await command.exited
    return [code, command.text]
  }
  return { gateway, url: `http://127.0.0.1:${port}/x`, runDir, folder, write, reload }
}

/** An upstream that answers with the path that it was asked for. */
const echoing = (t: TestContext) => openUpstream(t, (req, res) => res.end(req.url))
const textAt = async (url: string): Promise<string> => (await fetch(url)).text()

test('SIGHUP and `sluice reload` take a new configuration over; the exit code says whether', async t => {
  const { origin } = await echoing(t)
  const { gateway, url, write, reload, runDir } = await start(t, configFor(origin, 'a'))
  assert.equal(await textAt(url), '/a')
  await write(configFor(origin, 'b'))
  gateway.child.kill('SIGHUP')
  await until(async () => (await textAt(url)) === '/b', 'the second configuration')
  await gateway.until(/Asked for by SIGHUP[\s\S]*The new configuration serves: endpoints: 1 changed; also: name/)

  await write(configFor(origin, 'c'))
  const [code, text] = await reload()
  assert.deepEqual([code, await textAt(url)], [0, '/c'], text)
  assert.match(text, /endpoints: 1 changed/)

  await write(configFor(origin, 'd', { timeout: 'soon' }))
  const [failed, faults] = await reload('--pid', String(gateway.child.pid))
  assert.equal(failed, 1)
  assert.match(faults, /sluice\.json:1:\d+ \/timeout: /)
  assert.equal(await textAt(url), '/c')
  assert.equal(((await stat(path.join(runDir, `${gateway.child.pid}.sock`))).mode & 0o077) === 0, true)

  gateway.child.kill('SIGTERM')
  assert.deepEqual(await gateway.exited, [0, null])
  const [none, said] = await reload()
  assert.equal(none, 1)
  assert.match(said, /No gateway of this user runs here/)
})

test('--watch reloads when a file is replaced, and keeps what serves when it is broken', async t => {
  const { origin } = await echoing(t)
  const { gateway, url, write } = await start(t, configFor(origin, 'a'), ['--watch'])
  await gateway.until(/Watching 1 files and folders/)
  await write(configFor(origin, 'b'))
  await until(async () => (await textAt(url)) === '/b', 'the second configuration')
  await write(configFor(origin, 'c', { endpoints: 1 }))
  await gateway.until(/nothing has changed/)
  assert.equal(await textAt(url), '/b')
  await write(configFor(origin, 'd'))
  await until(async () => (await textAt(url)) === '/d', 'the mended configuration')
})

const RESETS = new Set<string | undefined>(['ECONNRESET', 'EPIPE'])

/** Asks again and again, on kept connections; resolves with the number of requests. */
function loadOn(url: string, turns: number): { done: Promise<number>; stop: () => void } {
  const agent = new Agent({ keepAlive: true, maxSockets: turns })
  let stopped = false
  let asked = 0
  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => {
      request(url, { agent }, res => {
        assert.equal(res.statusCode, 200)
        res.resume().on('end', () => {
          asked++
          resolve()
        })
      })
        .on('error', function (this: ClientRequest, error: NodeJS.ErrnoException) {
          // an idle connection may close while a request is on its way: clients send that again (RFC 9112, 9.3.1)
          if (this.reusedSocket && RESETS.has(error.code)) ask().then(resolve, reject)
          else reject(error)
        })
        .end()
    })
  const done = Promise.all(
    Array.from({ length: turns }, async () => {
      while (!stopped) await ask()
    })
  ).then(() => {
    agent.destroy()
    return asked
  })
  return {
    done,
    stop: () => {
      stopped = true
    }
  }
}

/** Four by `npm run test:long`. */
const WORKERS = process.env.SLUICE_LONG === undefined ? 2 : 4

test('workers reload one after another, and are replaced one after another, without a failed request', async t => {
  const { origin } = await echoing(t)
  const { gateway, url, write, reload } = await start(t, configFor(origin, 'a'), ['--workers', String(WORKERS)])
  await gateway.until(new RegExp(`(Listening on port[\\s\\S]*){${WORKERS}}`))
  const load = loadOn(url, 4)
  load.done.catch(() => {})
  await write(configFor(origin, 'b'))
  const [code, text] = await reload()
  assert.deepEqual([code, await textAt(url)], [0, '/b'], text)
  assert.doesNotMatch(gateway.text, /was replaced/)
  const places = Array.from({ length: WORKERS }, (_, i) => i + 1)
  for (const place of places)
    await gateway.until(new RegExp(`\\[SERVICE: Reload\\] The new configuration serves.* worker=${place}\n`))

  const [rolled, said] = await reload('--roll')
  assert.equal(rolled, 0, said)
  assert.ok(said.includes(`${WORKERS} workers were replaced by new ones`), said)
  await gateway.until(new RegExp(`(was replaced and ends[\\s\\S]*){${WORKERS}}`))
  assert.equal(await textAt(url), '/b')
  // those that take the places have their numbers
  const names = new Set([...gateway.text.matchAll(/ worker=(\d+)$/gm)].map(([, number]) => Number(number)))
  assert.deepEqual([...names].sort(), places)

  await write(configFor(origin, 'c', { timeout: 'soon' }))
  const [failed, faults] = await reload()
  assert.equal(failed, 1)
  assert.match(faults, /\/timeout/)
  const [alsoFailed] = await reload('--roll')
  assert.equal(alsoFailed, 1)
  assert.equal(await textAt(url), '/b')
  load.stop()
  assert.ok((await load.done) > 0)
  gateway.child.kill('SIGTERM')
  assert.deepEqual(await gateway.exited, [0, null], gateway.text)
})

/** A plugin that marks responses; with `slow` among its options, or in the worker of that number, it never gets ready. */
const pluginSaying = (word: string): string => `
import cluster from 'node:cluster'

const create = async (context, extra, next) => {
  if (extra.speaker.slow || (cluster.isWorker && cluster.worker.id === extra.speaker.slowWorker)) {
    console.error('getting ready')
    await new Promise(resolve => setTimeout(resolve, 3_600_000))
  }
  return async request => {
    const response = await next(request)
    response.headers.set('x-word', '${word}')
    return response
  }
}

export const HandlerRegisterer = {
  registerHandlers(register) {
    register('speaker', create)
  }
}
`

const withSpeaker = (origin: string, folder: string, options: object = {}): object =>
  configFor(origin, 'a', {
    plugin: { pattern: '.mjs', folder },
    extra_config: { 'plugin/http-server': { name: ['speaker'], speaker: options } }
  })

test('SIGTERM during a reload ends the gateway in good order', async t => {
  const { origin } = await echoing(t)
  const folder = await folderWith(t, { 'speaker.mjs': pluginSaying('one') })
  const { gateway, url, write } = await start(t, withSpeaker(origin, folder))
  await write(withSpeaker(origin, folder, { slow: true }))
  gateway.child.kill('SIGHUP')
  await gateway.until(/getting ready/)
  assert.equal(await textAt(url), '/a')
  gateway.child.kill('SIGTERM')
  assert.deepEqual(await gateway.exited, [0, null])
  assert.match(gateway.text, /Router execution ended/)
})

test('SIGHUP during the start is answered when the gateway serves', async t => {
  const { origin } = await echoing(t)
  const folder = await folderWith(t, { 'sluice.json': JSON.stringify(configFor(origin, 'a')) })
  const env = { ...process.env, SLUICE_RUN_DIR: path.join(folder, 'run') }
  const gateway = new Watched(t, [...CLI, 'run', '-c', path.join(folder, 'sluice.json'), '-p', '0'], { env })
  await gateway.until(/Parsing configuration file/)
  gateway.child.kill('SIGHUP')
  await gateway.until(/Asked for by SIGHUP[\s\S]*The new configuration serves: no differences/)
})

test('changed code of plugins is announced; workers are replaced for it', async t => {
  const { origin } = await echoing(t)
  const folder = await folderWith(t, { 'speaker.mjs': pluginSaying('one') })
  const wordAt = async (url: string): Promise<string | null> => (await fetch(url)).headers.get('x-word')

  const alone = await start(t, withSpeaker(origin, folder))
  const many = await start(t, withSpeaker(origin, folder), ['--workers', '1'])
  assert.equal(await wordAt(alone.url), 'one')
  assert.equal(await wordAt(many.url), 'one')
  await writeFile(path.join(folder, 'speaker.mjs'), pluginSaying('two'))
  const [code, text] = await alone.reload()
  assert.equal(code, 0)
  assert.match(text, /speaker\.mjs: its code has changed, and a process loads code once: restart/)
  assert.equal(await wordAt(alone.url), 'one')
  const [rolled, said] = await many.reload()
  assert.equal(rolled, 0, said)
  await until(async () => (await wordAt(many.url)) === 'two', 'the new code')
})

test('SIGTERM in the middle of a roll ends all workers in good order', async t => {
  const { origin } = await echoing(t)
  // the one that replaces the second worker never gets ready: the roll is not over before the signal
  const folder = await folderWith(t, { 'speaker.mjs': pluginSaying('one') })
  const { gateway, url, reload } = await start(t, withSpeaker(origin, folder, { slowWorker: 4 }), ['--workers', '2'])
  await gateway.until(/(Router\] Listening on port[\s\S]*){2}/)
  const rolled = reload('--roll')
  await gateway.until(/was replaced and ends/)
  assert.equal(await textAt(url), '/a')
  gateway.child.kill('SIGTERM')
  assert.deepEqual(await gateway.exited, [0, null])
  assert.match(gateway.text, /All workers ended/)
  assert.notEqual((await rolled)[0], 0)
})
