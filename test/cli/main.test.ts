import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { describeConfig } from '../../src/cli/describe-config.js'
import { main } from '../../src/cli/main.js'
import { Terminal } from '../../src/cli/terminal.js'
import { ConfigError, type ConfigProblem, GatewayError } from '../../src/errors.js'
import { SLUICE_VERSION } from '../../src/identity.js'
import { Collected } from '../telemetry/collect.js'
import { type Script, scriptedGateway, serviceConfig } from './scripted-gateway.js'

interface Result {
  readonly code: number
  readonly out: string
  readonly err: string
  readonly calls: unknown[]
}

async function sluice(
  argv: string[],
  script: Script = {},
  terminal: { tty?: boolean; env?: NodeJS.ProcessEnv } = {}
): Promise<Result> {
  const out = new Collected()
  const err = new Collected()
  out.isTTY = err.isTTY = terminal.tty === true
  const calls: unknown[] = []
  const gateway = scriptedGateway(script, calls)
  const code = await main(argv, {
    terminal: new Terminal(out, err, terminal.env ?? {}),
    loadGateway: async () => gateway,
    loadLint: async () => gateway,
    loadDemo: async () => ({
      runDemo: async options => {
        calls.push(['demo', options])
        const demo = await gateway.createGateway('demo', {})
        await demo.listen()
        return demo
      }
    })
  })
  return { code, out: out.text, err: err.text, calls }
}

const problem = (level: 'error' | 'warning'): ConfigProblem => ({
  level,
  file: 'k.json',
  pointer: '/endpoints/0',
  line: 3,
  column: 5,
  message: 'unknown key "inputheaders"',
  suggestion: 'did you mean "input_headers"?'
})
const problemLine = 'k.json:3:5 /endpoints/0: unknown key "inputheaders" (did you mean "input_headers"?)'

test('version goes to the standard output, from the real command too', async () => {
  const { code, out, err } = await sluice(['version'])
  assert.equal(code, 0)
  assert.match(out, new RegExp(`^Sluice Version: ${SLUICE_VERSION}\nKrakenD Compatibility: 2\\.\\d+\\.\\d+\nNode Version: v`))
  assert.equal(err, '')
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const child = spawnSync(process.execPath, ['--import', 'tsx', 'src/cli.ts', '--version'], { encoding: 'utf8', cwd: root })
  assert.equal(child.status, 0)
  assert.equal(child.stdout, out)
})

test('without a command, or on request, there is help', async () => {
  const general = await sluice([])
  assert.equal(general.code, 0)
  for (const name of ['run', 'check', 'pipes', 'demo', 'version']) assert.match(general.out, new RegExp(`^  ${name} `, 'm'))
  for (const argv of [['--help'], ['-h'], ['help']]) assert.equal((await sluice(argv)).out, general.out)
  const run = await sluice(['help', 'run'])
  assert.match(run.out, /sluice run \[flags\][\s\S]*-c, --config FILE[\s\S]*--tolerant/)
  assert.equal((await sluice(['run', '-h'])).out, run.out)
  assert.match((await sluice(['help', 'help'])).out, /sluice help \[command\]/)
  assert.match((await sluice(['validate', '--help'])).out, /Also: sluice validate/)
})

for (const [argv, message] of [
  [['bogus'], /Error: unknown command "bogus" for "sluice"\nRun 'sluice --help' for usage\./],
  [['che'], /did you mean "check"\?/],
  [['chekc', '-c', 'k.json'], /unknown command "chekc" for "sluice", did you mean "check"\?/],
  [['valdate'], /did you mean "validate"\?/],
  [['plugins', 'new', 'x'], /did you mean "plugin"\?/],
  [['--config', 'k.json', 'run'], /the command comes first: sluice <command> --config/],
  [['help', 'bogus'], /unknown command "bogus"/],
  [['run'], /Please, provide the path to the configuration file with --config[\s\S]*Run 'sluice run --help'/],
  [['check', '-c', ''], /Please, provide the path/],
  [['pipes'], /Please, provide the path/],
  [['run', '-c', 'k.json', '--bogus'], /Error: Unknown option '--bogus'\n/],
  [['run', '-c', 'k.json', '--tolerent'], /Unknown option '--tolerent', did you mean "--tolerant"\?\n/],
  [['run', '--confg=k.json'], /Unknown option '--confg', did you mean "--config"\?\n/],
  [['check', '-c', 'k.json', '--lint-no-net'], /did you mean "--lint-no-network"\?\n/],
  [['check', '-c', 'k.json', '-x'], /Unknown option '-x'\n/],
  [['run', '-c'], /argument missing/],
  [['run', '-c', '-'], /Error: a reload reads the configuration again: give a file, not the standard input\n/],
  [['run', 'k.json'], /Unexpected argument 'k\.json', did you mean "--config k\.json"\?/],
  [['run', '-c', 'k.json', '-p', '80x'], /invalid port "80x"/],
  [['run', '-c', 'k.json', '-p', '65536'], /invalid port/],
  [['check', '-c', 'k.json', '-l', '-n'], /--lint and --lint-no-network exclude each other/]
] as const) {
  test(`"sluice ${argv.join(' ')}" is a wrong command line`, async () => {
    const { code, out, err, calls } = await sluice([...argv])
    assert.equal(code, 2)
    assert.match(err, message)
    assert.equal(out, '')
    assert.deepEqual(calls, [])
  })
}

test('check starts everything but the listener, quietly', async () => {
  const { code, out, err, calls } = await sluice(['check', '-tc', 'k.json', '--tolerant'])
  assert.equal(code, 0)
  assert.equal(out, 'Parsing configuration file: k.json\nSyntax OK!\n')
  assert.equal(err, '')
  assert.deepEqual(calls, [['create', 'k.json', { tolerant: true, logger: 'given' }], ['close']])
})

test('a short option takes its value behind a sign too, as in KrakenD', async () => {
  for (const argv of [
    ['-c=k.json', '-i=='],
    ['-tdc=k.json', '-i', '='],
    ['--config=k.json', '-i', '=']
  ]) {
    const { code, calls } = await sluice(['check', ...argv])
    assert.equal(code, 0)
    assert.deepEqual(calls[0], ['create', 'k.json', { tolerant: false, logger: 'given' }], argv.join(' '))
  }
})

test('check lists every cause with its places, errors before warnings', async () => {
  const other = { ...problem('error'), pointer: '/endpoints/1', line: 9 }
  const { code, out, err } = await sluice(['validate', '-c', 'k.json'], {
    createFails: new ConfigError([problem('warning'), problem('error'), other])
  })
  assert.equal(code, 1)
  const cause = 'unknown key "inputheaders" (did you mean "input_headers"?): 2 places'
  const places = '  k.json:3:5 /endpoints/0\n  k.json:9:5 /endpoints/1'
  assert.equal(err, `ERROR parsing the configuration file:\n${cause}\n${places}\nWARNING ${problemLine}\n`)
  assert.ok(!out.includes('Syntax OK'))
})

test('warnings pass a plain check and fail a lint', async () => {
  const problems = [problem('warning')]
  const plain = await sluice(['check', '-c', 'k.json'], { problems })
  assert.equal(plain.code, 0)
  assert.equal(plain.err, `WARNING ${problemLine}\n`)
  const lint = await sluice(['check', '-lc', 'k.json'], { problems })
  assert.equal(lint.code, 1)
  assert.match(lint.err, /ERROR linting the configuration file:/)
})

test('lint uses the schema given, or the own one', async () => {
  const own = await sluice(['check', '-nc', 'k.json'])
  assert.equal(own.code, 0)
  assert.deepEqual(own.calls.at(-1), ['lint', 'k.json', {}])
  const given = await sluice(['check', '-c', 'k.json', '-s', 'mine.json'], { lint: [problem('error')] })
  assert.equal(given.code, 1)
  assert.deepEqual(given.calls.at(-1), ['lint', 'k.json', { schema: 'mine.json' }])
  assert.equal(given.err, `ERROR linting the configuration file:\n${problemLine}\n`)
})

test('colours problems and success on a terminal, unless NO_COLOR is set', async () => {
  const script = { problems: [problem('warning')] }
  const coloured = await sluice(['check', '-c', 'k.json'], script, { tty: true })
  assert.match(coloured.out, /\x1b\[32mSyntax OK!\x1b\[0m/)
  assert.match(coloured.err, /^\x1b\[33mWARNING/)
  const plain = await sluice(['check', '-c', 'k.json'], script, { tty: true, env: { NO_COLOR: '1' } })
  assert.ok(!`${plain.out}${plain.err}`.includes('\x1b'))
  const red = await sluice(['check', '-c', 'k.json'], { createFails: new ConfigError([problem('error')]) }, { tty: true })
  assert.match(red.err, /\x1b\[31mk\.json/)
})

test('check -d prints what was understood, more with each d', async () => {
  const { out } = await sluice(['check', '-dc', 'k.json', '-i', '..'])
  assert.match(out, /^Global settings\n\.\.Name: shop\n\.\.Version: 3\n\.\.Address: 127\.0\.0\.1\n\.\.Port: 8080\n/m)
  assert.match(
    out,
    /\n1 API endpoint\(s\):\n\.\.- POST \/x\/\{id\}\n\.\.\.\.Timeout: 2000ms\n\.\.\.\.Responds 500: no hosts available\n/
  )
  assert.match(
    out,
    /\.\.\.\.Connecting to 1 backend\(s\):\n(\.\.){3}\[\+\] GET \/u\/\{id\}\n(\.\.){4}Timeout: 2000ms\n(\.\.){4}Hosts \(2\):\n(\.\.){5}http:\/\/a:1\n/
  )
  assert.match(out, /\n0 async agent\(s\):\nSyntax OK!\n$/)
  assert.ok(!out.includes('Default timeout'))
  const two = (await sluice(['check', '-ddc', 'k.json'])).out
  assert.match(two, /^\tDefault timeout: 2000ms\n/m)
  assert.match(two, /^\tPlugins: \.\/p\/ \(pattern: "\.js"\)$/m)
  assert.match(two, /^\tTLS: TLSv1\.3 to TLSv1\.3, mTLS$/m)
  assert.ok(!two.includes('Read timeout'))
  const three = (await sluice(['check', '-c', 'k.json', '-ddd'])).out
  assert.match(three, /^\tRead timeout ms: 7\n/m)
  assert.match(three, /^\t- router: \{"auto_options":true\}$/m)
})

test('a service without TLS, plugins or endpoints is described too', () => {
  const { tls: _server, ...server } = serviceConfig.server
  const { tls: _client, ...transport } = serviceConfig.transport
  const bare = {
    ...serviceConfig,
    endpoints: [],
    extra: {},
    plugin: undefined,
    server: { ...server, tls: undefined },
    transport: { ...transport, tls: undefined }
  }
  const text = describeConfig(bare, 3, ' ')
  assert.match(text, /TLS: off\n0 global component configuration\(s\):\n0 API endpoint\(s\):\n0 async agent\(s\):\n$/)
})

test('pipes prints text, JSON or a diagram', async () => {
  assert.equal((await sluice(['pipes', '-c', 'k.json'])).out, 'GET /x: passthrough\n')
  assert.deepEqual(JSON.parse((await sluice(['pipes', '-c', 'k.json', '--json'])).out), { pipes: [] })
  assert.equal((await sluice(['pipes', '-c', 'k.json', '--mermaid'])).out, 'flowchart LR\n')
  assert.equal((await sluice(['pipes', '-c', 'k.json', '--mermaid', '--json'])).code, 2)
  assert.equal((await sluice(['pipes', '-c', 'k.json', '--dot'])).out, 'digraph pipes\n')
  assert.equal((await sluice(['pipes', '-c', 'k.json', '--html'])).out, '<!doctype html>\n')
  assert.match(
    (await sluice(['pipes', '-c', 'k.json', '--html', '--dot'])).err,
    /one of --json, --mermaid, --dot, --html is expected/
  )
  const failed = await sluice(['pipes', '-c', 'k.json'], { createFails: new GatewayError('SLUICE_ERR_PLUGIN_FAILED') })
  assert.equal(failed.code, 1)
  assert.equal(failed.err, 'ERROR checking the configuration file: a plugin failed\n')
})

test('pipes in a terminal are as wide as it is, and coloured there', async () => {
  const styleOf = async (terminal: Parameters<typeof sluice>[2]): Promise<unknown> =>
    (await sluice(['pipes', '-c', 'k.json'], {}, terminal)).calls.find(call => (call as unknown[])[0] === 'describe')
  assert.deepEqual(await styleOf({}), ['describe', { width: undefined, colours: false }])
  assert.deepEqual(await styleOf({ tty: true }), ['describe', { width: undefined, colours: true }])
  assert.deepEqual(await styleOf({ tty: true, env: { COLUMNS: '60', NO_COLOR: '1' } }), [
    'describe',
    { width: 60, colours: false }
  ])
  for (const COLUMNS of ['', '0', '-5', 'wide'])
    assert.deepEqual(await styleOf({ env: { COLUMNS } }), ['describe', { width: undefined, colours: false }])
})

test('a start that fails is one clear line and a failure', async () => {
  const inUse = Object.assign(new Error('listen'), { code: 'EADDRINUSE', port: 8080 })
  const cases: [Script, string][] = [
    [{ listenFails: inUse }, 'ERROR starting the gateway: the port 8080 is in use\nListen on another port with --port PORT.\n'],
    [
      { listenFails: Object.assign(new Error('listen'), { code: 'EACCES', port: 80 }) },
      'ERROR starting the gateway: the port 80 needs more rights than this process has\nListen on another port with --port PORT, or give the process the capability CAP_NET_BIND_SERVICE.\n'
    ],
    [
      {
        listenFails: new GatewayError('SLUICE_ERR_CONFIG_LISTEN', {
          message: 'cannot read the key k.pem',
          cause: Object.assign(new Error('bad PEM'), { code: 'E' })
        })
      },
      'ERROR starting the gateway: cannot read the key k.pem: bad PEM\n'
    ],
    [
      {
        createFails: Object.assign(new Error('ENOENT: no such file or directory, uv_cwd'), { code: 'ENOENT', syscall: 'uv_cwd' })
      },
      'ERROR starting the gateway: the working folder does not exist any more: start in another one\n'
    ],
    [
      { createFails: Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' }) },
      'ERROR starting the gateway: too many open files: raise the limit of this process, such as `ulimit -n 4096` (EMFILE: too many open files)\n'
    ],
    [{ createFails: 'thrown text', closeFails: 1 }, 'ERROR starting the gateway: thrown text\n'],
    [{ createFails: new ConfigError([problem('error')]) }, `ERROR parsing the configuration file:\n${problemLine}\n`]
  ]
  for (const [script, text] of cases) {
    const { code, err } = await sluice(['run', '-c', 'k.json'], script)
    assert.equal(code, 1)
    assert.equal(err, `Parsing configuration file: k.json\n${text}`)
  }
})

test('an unexpected failure shows where it comes from', async () => {
  const { err } = await sluice(['check', '-c', 'k.json'], { createFails: new TypeError('bug') })
  assert.match(err, /^ERROR checking the configuration file: TypeError: bug\n\s+at /)
})

test('a port that is taken is named, and how to take another one', async () => {
  const cause = Object.assign(new Error('listen'), { code: 'EADDRINUSE', port: 8080 })
  const message = 'listen tcp :8080: bind: address already in use'
  const { err } = await sluice(['demo'], { listenFails: new GatewayError('SLUICE_ERR_CONFIG_LISTEN', { message, cause }) })
  assert.match(
    err,
    /^ERROR starting the demonstration: listen tcp :8080: bind: address already in use.*\nListen on another port with --port PORT\.\n$/
  )
})

test('a demonstration that cannot start fails', async () => {
  const { code, err, calls } = await sluice(['demo', '-p', '0'], { listenFails: new GatewayError('SLUICE_ERR_CONFIG_LISTEN') })
  assert.equal(code, 1)
  assert.match(err, /ERROR starting the demonstration: the listener could not be opened/)
  assert.deepEqual(calls[0], ['demo', { port: 0 }])
})
