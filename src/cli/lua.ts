/**
 * `sluice lua FILE`: runs a script in a gateway of its own, between a given request and a given response, and prints what it did.
 *
 * The exchange is made twice, without the script and with it; what differs at the upstream and at the client is the script's work.
 */

import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, validateHeaderName, validateHeaderValue } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename } from 'node:path'
import type { ConfigInput } from '../config/input.js'
import { ConfigError } from '../errors.js'
import { type GatewayLogger, silentLogger } from '../telemetry/logger.js'
import { type Arguments, UsageError } from './arguments.js'
import { differences, type MessageText, textOfMessage } from './message-text.js'
import type { Terminal } from './terminal.js'

/** What `--request` and `--response` hold. */
interface Given {
  readonly method?: string
  readonly path?: string
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: unknown
}

/** The configuration of one exchange, with or without the script. */
interface Trial {
  readonly request: Given
  readonly response: Given
  readonly args: Arguments
  readonly scripts: object
}

/** What came of an exchange. */
interface Outcome {
  /** undefined = the upstream was not asked. */
  readonly call: MessageText | undefined
  readonly answer: MessageText
  readonly errors: readonly string[]
  readonly ms: number
}

const MOUNTS = ['service', 'endpoint', 'proxy', 'backend']
/** What a script can do is decided by its limits; the exchange waits for its own requests. */
const TIMEOUT = '30s'

/** Runs the last of the files as a script, after the others as its sources. Returns 1 when the script failed. */
export async function lua(args: Arguments, terminal: Terminal): Promise<number> {
  const files = args.operands
  if (files.length === 0) throw new UsageError('a script is expected: lua FILE', 'lua')
  const mount = args.text('mount') ?? 'proxy'
  if (!MOUNTS.includes(mount)) throw new UsageError(`unknown mount ${JSON.stringify(mount)}: one of ${MOUNTS.join(', ')}`, 'lua')
  const endpoint = args.text('endpoint')
  if (endpoint !== undefined && !endpoint.startsWith('/'))
    throw new UsageError(`--endpoint ${endpoint}: it begins with /, such as /users/{id}`, 'lua')
  const request = given(args, 'request')
  const response = given(args, 'response')
  try {
    const scripts = await scriptsOf(args, mount)
    const before = await exchange({ request, response, args, scripts: {} })
    const after = await exchange({ request, response, args, scripts })
    report(before, after, terminal)
    if (await lacksLibraries(args, after.errors)) terminal.error(`HINT ${LIBRARIES} are there with --open-libs (allow_open_libs)`)
    return after.errors.some(line => /:L\d+\)/.test(line)) ? 1 : 0
  } catch (error) {
    if (!(error instanceof ConfigError)) {
      terminal.failure(error, 'running the script')
      return 1
    }
    for (const { message } of error.problems) terminal.error(`ERROR running the script: ${nameFile(args, message)}`)
    return 1
  }
}

/** A script of `--post` is an option's text to the gateway: its errors name the file here. */
function nameFile(args: Arguments, text: string): string {
  if (!args.has('post')) return text
  const file = args.operands.at(-1)!
  return text.replaceAll(/\bpost-script:(L?)(?=\d)/g, (_, run: string) => `${run === '' ? file : basename(file)}:${run}`)
}

const LIBRARIES = 'string, math, os, io, debug and coroutine'
const NO_LIBRARY = /attempt to index a non-table object\((?:nil|string)\) with key/
const LIBRARY_USE =
  /\b(?:string|math|os|io|debug|coroutine)\s*\.|:\s*(?:byte|find|format|gmatch|gsub|len|lower|match|rep|reverse|sub|upper)\s*\(/

/** Whether an error comes of a library that only `--open-libs` gives. */
async function lacksLibraries(args: Arguments, errors: readonly string[]): Promise<boolean> {
  if (args.has('open-libs') || !errors.some(line => NO_LIBRARY.test(line))) return false
  const texts = await Promise.all(args.operands.map(file => readFile(file, 'utf8')))
  return texts.some(text => LIBRARY_USE.test(text))
}

function given(args: Arguments, flag: string): Given {
  const text = args.text(flag)
  if (text === undefined) return {}
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return checked(value, flag)
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`--${flag}: ${(error as Error).message}`, 'lua')
  }
  throw new UsageError(`--${flag}: an object is expected, {"path": "/x", "headers": {}, "body": {}}`, 'lua')
}

/** The keys of each flag; what else is given would be without effect. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  request: ['method', 'path', 'headers', 'body'],
  response: ['status', 'headers', 'body']
}

function checked(value: Given, flag: string): Given {
  const fail = (key: string, wanted: string): never => {
    throw new UsageError(`--${flag}: ${JSON.stringify(key)}: ${wanted}`, 'lua')
  }
  const keys = KEYS[flag]!
  for (const key of Object.keys(value)) if (!keys.includes(key)) fail(key, `there is ${keys.join(', ')}`)
  const { method, path, status, headers = {} } = value
  if (method !== undefined && typeof method !== 'string') fail('method', 'a name is expected, such as "GET"')
  if (path !== undefined && (typeof path !== 'string' || !/^\/[\x21-\x7e]*$/.test(path))) fail('path', '"/x?y=z" is expected')
  if (status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 599))
    fail('status', 'a number from 200 to 599 is expected')
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers))
    fail('headers', 'an object is expected, {"X-A": "1"}')
  for (const [name, given] of Object.entries(headers)) checkHeader(name, given, fail)
  return value
}

function checkHeader(name: string, given: unknown, fail: (key: string, wanted: string) => never): void {
  const values = Array.isArray(given) ? given : [given]
  if (!values.every(one => typeof one === 'string')) fail(name, 'a text is expected, or a list of texts')
  try {
    validateHeaderName(name)
    for (const one of values) validateHeaderValue(name, one)
  } catch (error) {
    fail(name, (error as Error).message)
  }
}

/** A script on the request runs as the last of the sources: errors then name its file. */
async function scriptsOf(args: Arguments, mount: string): Promise<object> {
  const files = args.operands
  const post = args.has('post')
  const sources = post ? files.slice(0, -1) : files
  const script = post ? { post: await readFile(files.at(-1)!, 'utf8') } : {}
  const options = { sources, ...script, allow_open_libs: args.has('open-libs'), skip_next: args.has('skip-next') }
  return { [mount]: options }
}

async function exchange(trial: Trial): Promise<Outcome> {
  const calls: MessageText[] = []
  const { status = 200, headers = { 'Content-Type': 'application/json' }, body = {} } = trial.response
  const upstream = createServer(async (req, res) => {
    calls.push(textOfMessage(`${req.method} ${req.url}`, req.rawHeaders, await bodyOf(req)))
    res.writeHead(status, headers as Record<string, string | string[]>)
    res.end(textOf(body))
  })
  await new Promise<void>(resolve => upstream.listen(0, '127.0.0.1', resolve))
  const errors: string[] = []
  const logger: GatewayLogger = {
    ...silentLogger,
    error: (...values) => void errors.push(nameFile(trial.args, values.join(' ')))
  }
  try {
    const { createGateway } = await import('../index.js')
    const port = (upstream.address() as AddressInfo).port
    const gateway = await createGateway(configOf(trial, `http://127.0.0.1:${port}`), { logger })
    try {
      const { method = 'GET', path = '/', headers: fields = {}, body: sent } = trial.request
      const started = performance.now()
      const answer = await gateway.request({
        method,
        path,
        headers: fields,
        ...(sent === undefined ? {} : { body: textOf(sent) })
      })
      const ms = performance.now() - started
      const text = textOfMessage(String(answer.status), answer.rawHeaders, nameFile(trial.args, answer.text()))
      return { call: calls[0], answer: text, errors, ms }
    } finally {
      await gateway.close({ graceMs: 0 })
    }
  } finally {
    upstream.closeAllConnections()
    upstream.close()
  }
}

const textOf = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body))

async function bodyOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** One endpoint, which lets everything through, over one backend with the same path. */
function configOf({ request, args, scripts }: Trial, host: string): ConfigInput {
  const { method = 'GET', path = '/' } = request
  const mounted = scripts as Readonly<Record<string, object>>
  const extra = (scope: string, name = scope): object =>
    mounted[scope] === undefined ? {} : { [`modifier/lua-${name}`]: mounted[scope] }
  const endpoint = args.text('endpoint') ?? path.split('?')[0]!
  const encoding = args.has('no-op') ? { encoding: 'no-op' } : {}
  return {
    version: 3,
    timeout: TIMEOUT,
    extra_config: { router: { return_error_msg: true }, ...extra('service', 'endpoint') },
    endpoints: [
      {
        endpoint,
        method,
        input_headers: ['*'],
        input_query_strings: ['*'],
        ...(args.has('no-op') ? { output_encoding: 'no-op' } : {}),
        backend: [{ host: [host], url_pattern: endpoint, extra_config: extra('backend'), ...encoding }],
        extra_config: { ...extra('endpoint'), ...extra('proxy') }
      }
    ]
  } as ConfigInput
}

function report(before: Outcome, after: Outcome, terminal: Terminal): void {
  terminal.print(after.call === undefined ? 'request: the upstream was not asked' : 'request, as the upstream got it')
  if (after.call !== undefined) for (const line of differences(before.call, after.call)) terminal.print(line)
  terminal.print('response, as the client got it')
  for (const line of differences(before.answer, after.answer)) terminal.print(line)
  for (const line of after.errors) terminal.error(`ERROR ${line}`)
  terminal.print(`${after.ms.toFixed(1)} ms with the script, ${before.ms.toFixed(1)} ms without, each from a cold start`)
}
