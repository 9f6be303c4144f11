import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { test } from 'node:test'
import { CalmLog, calmScreen, type ScreenFacts } from '../../src/cli/calm-screen.js'
import { load } from '../config/support.js'
import { CLI, folderWith, Watched } from './command.js'

const endpoint = (path: string, more = {}) => ({ endpoint: path, backend: [{ url_pattern: '/' }], ...more })

function screen(config: object, more: Partial<ScreenFacts> = {}): string {
  return calmScreen({
    config: load(config),
    version: '1.2.3',
    port: 8080,
    admin: undefined,
    workers: 0,
    colours: false,
    ...more
  })
}

test('the screen tells addresses, endpoints, findings with their number, and where to look', () => {
  const config = {
    name: 'shop',
    strange: 1,
    endpoints: [endpoint('/raw', { output_encoding: 'no-op' }), endpoint('/data', { method: 'POST' })]
  }
  const text = screen(config, { admin: { address: '127.0.0.1', port: 9901 } })
  assert.equal(
    text,
    `
  Sluice 1.2.3  shop

  address      http://localhost:8080, on all interfaces
  status page  http://127.0.0.1:9901/__sluice/
  file         (object)
  endpoints    2, 1 of them pass bytes through
  findings     1 warning: sluice check -c (object)

    GET     /raw
    POST    /data

  From here on only warnings and errors show. All lines: --verbose, or send them to a file or a pipe.
  Ctrl-C stops, and lets what is in flight finish; again ends at once.
`
  )
})

test('it stays one screen, however large the configuration is', () => {
  const endpoints = Array.from({ length: 500 }, (_, i) => endpoint(`/x${i}`))
  const lines = screen({ endpoints, listen_ip: '::1' }, { workers: 4 }).split('\n')
  assert.ok(lines.length < 30)
  assert.ok(lines.includes('    and 488 more: sluice pipes -c (object)'))
  assert.ok(lines.some(line => /^ {2}workers +4$/.test(line)))
  assert.ok(lines.some(line => line.endsWith('http://[::1]:8080')))
})

test('a narrow terminal gets whole words, and one line for each endpoint', () => {
  const endpoints = [endpoint(`/${'long/'.repeat(20)}`), endpoint('/\u202ex')]
  const lines = screen({ name: 'a\u001b[2Jb', endpoints }, { width: 40 }).split('\n')
  const own = lines.filter(line => !/^ {2}(?:address|file)/.test(line))
  assert.ok(
    own.every(line => line.length <= 40),
    own.join('\n')
  )
  assert.ok(lines.includes('  Ctrl-C stops, and lets what is in'))
  assert.ok(lines.includes('    GET     /\\u202ex'))
  assert.ok(lines.includes('  Sluice 1.2.3  a\\x1b[2Jb'))
})

test('a terminal gets what needs an operator', () => {
  const log = new CalmLog()
  const taken = (): string[] =>
    [
      ['INFO', 'Listening'],
      ['WARNING', 'w'],
      ['ERROR', 'e'],
      ['CRITICAL', 'c'],
      ['INFO', '[SERVICE: Reload] The new configuration serves'],
      ['INFO', 'Signal intercepted: interrupt'],
      ['DEBUG', 'd']
    ]
      .filter(([level, message]) => log.takes(level as 'INFO', message!))
      .map(([, message]) => message![0]!)
  assert.deepEqual(taken(), ['c'])
  log.serving = true
  assert.deepEqual(taken(), ['w', 'e', 'c', '[', 'S'])
})

const CONFIG = JSON.stringify({
  version: 3,
  listen_ip: '127.0.0.1',
  endpoints: [endpoint('/x', { backend: [{ host: ['http://a.test'], url_pattern: '/' }] })]
})
const pty = {
  skip: spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0 ? false : 'there is no script(1) that makes a terminal'
}

/** `sluice run` on a terminal of its own. */
const onTerminal = (file: string, more = ''): [string, { program: string }] => [
  // a gateway that outlives its terminal ends all the same
  `timeout --foreground 600 '${process.execPath}' ${CLI.join(' ')} run -c '${file}' -p 0 ${more}`,
  { program: 'script' }
]

test('run on a terminal shows the screen and no lines; --verbose shows them', pty, async t => {
  const folder = await folderWith(t, { 'k.json': CONFIG })
  const file = path.join(folder, 'k.json')
  const [command, options] = onTerminal(file)
  const calm = new Watched(t, ['-qec', command, '/dev/null'], options)
  const [, port] = await calm.until(/address +http:\/\/127\.0\.0\.1:(\d+)/)
  await calm.until(/again ends at once/)
  assert.equal((await fetch(`http://127.0.0.1:${port}/nothing`)).status, 404)
  assert.doesNotMatch(calm.text, /SLUICE INFO|404|Parsing/)
  for (const flag of ['--verbose', '--plain']) {
    const verbose = new Watched(t, ['-qec', onTerminal(file, flag)[0], '/dev/null'], options)
    await verbose.until(/SLUICE INFO: \[SERVICE: Router\] Listening on port: \d+/)
    assert.doesNotMatch(verbose.text, /again ends at once/)
  }
})

test('run into a pipe gets all lines', async t => {
  const folder = await folderWith(t, { 'k.json': CONFIG })
  const piped = new Watched(t, [...CLI, 'run', '-c', path.join(folder, 'k.json'), '-p', '0'])
  await piped.until(/SLUICE INFO: \[SERVICE: Router\] Listening on port: \d+/)
  assert.doesNotMatch(piped.text, /again ends at once/)
})
