/** Every example does what its README shows: it is started as the README says, and each `curl` line prints what stands below it. */

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { createGateway } from '../../src/index.js'
import { silentLogger } from '../../src/telemetry/logger.js'
import { Watched } from '../cli/command.js'
import { blocksOf, ROOT, readPage } from '../docs/pages.js'
import { once } from '../support/waiting.js'
import { parseCurl, runCurl } from './curl.js'

const NODE = ['--conditions=sluice-source', '--import', './scripts/sources.mjs']
const { serve } = (await import(new URL('../../examples/upstream.js', import.meta.url).href)) as { serve: RequestListener }

let upstream = ''
const server = createServer(serve)
before(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => {
  server.close()
  server.closeAllConnections()
})

const examples = readdirSync(path.join(ROOT, 'examples'), { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(entry => entry.name)

test('the list of examples names each of them', () => {
  const listed = [...readPage('examples/README.md').matchAll(/^\| \[([\w-]+)\]\(\1\/README\.md\) \|/gm)].map(([, name]) => name!)
  assert.deepEqual(listed.sort(), examples.sort())
  assert.equal(listed.length, 15)
})

/** A `curl` line and the block below it. */
interface Asked {
  readonly line: string
  readonly shown: string
  readonly language: string
}

/** What a README has its reader do: the lines that start the example, and `curl` lines with what each prints. */
function stepsOf(name: string): { starts: string[]; asked: Asked[] } {
  const starts: string[] = []
  const asked: Asked[] = []
  let last: string | undefined
  for (const { language, text } of blocksOf(`examples/${name}/README.md`)) {
    if (language !== 'sh') {
      assert.ok(last !== undefined, `examples/${name}/README.md shows an answer to no question`)
      asked.push({ line: last, shown: text, language })
      last = undefined
    } else if (text.startsWith('curl ')) last = text
    else starts.push(...text.split('\n'))
  }
  assert.equal(last, undefined, `examples/${name}/README.md asks and shows no answer`)
  return { starts, asked }
}

/** An example that serves. */
interface Running {
  readonly origin: string
  end(): Promise<unknown>
}

/** Starts an example; returns undefined when it has ended by itself. */
async function start(t: TestContext, lines: readonly string[]): Promise<Running | undefined> {
  let built: { from: string; to: string } | undefined
  for (const line of lines) {
    const [, project] = /^npx tsc -p (\S+)$/.exec(line) ?? []
    const [, config] = /^npx sluice run -c (\S+)$/.exec(line) ?? []
    const [, options = '', program] = /^node ((?:--\S+ )*)(\S+)$/.exec(line) ?? []
    if (project !== undefined) built = await compile(t, project)
    else if (config !== undefined) return runConfiguration(t, config, built)
    else if (program !== undefined) return runProgram(t, [...options.split(' ').filter(Boolean), program])
    else assert.fail(`this test cannot run: ${line}`)
  }
  return undefined
}

/** Compiles a project of TypeScript into a folder of the test's own. */
async function compile(t: TestContext, project: string): Promise<{ from: string; to: string }> {
  const to = await mkdtemp(path.join(tmpdir(), 'sluice-example-'))
  t.after(() => rm(to, { recursive: true, force: true }))
  // as that of the repository's root says
  await writeFile(path.join(to, 'package.json'), '{"type":"module"}')
  const tsc = new Watched(t, ['node_modules/typescript/bin/tsc', '-p', project, '--outDir', to])
  const [code] = await tsc.exited
  assert.equal(code, 0, tsc.text)
  return { from: `./${project}/dist/`, to: `${to}/` }
}

async function runConfiguration(t: TestContext, file: string, built?: { from: string; to: string }): Promise<Running> {
  const config = JSON.parse(readPage(file))
  assert.deepEqual([config.port, config.host], [8080, ['http://127.0.0.1:3000']])
  config.host = [upstream]
  config.listen_ip = '127.0.0.1'
  config.timeout = '60s'
  if (built !== undefined) {
    assert.equal(config.plugin.folder, built.from)
    config.plugin.folder = built.to
  }
  const gateway = await createGateway(config, { port: 0, env: {}, logger: silentLogger })
  t.after(() => gateway.close({ graceMs: 1 }))
  assert.deepEqual(gateway.config.problems, [])
  const { port } = await gateway.listen()
  return { origin: `http://127.0.0.1:${port}`, end: () => gateway.close() }
}

/** A server says where it listens; a test ends with 0. */
async function runProgram(t: TestContext, args: readonly string[]): Promise<Running | undefined> {
  // with NODE_TEST_CONTEXT, even empty, `--test` runs nothing and ends with 0
  const { NODE_TEST_CONTEXT: _, ...outer } = process.env
  const child = new Watched(t, [...NODE, ...args], { env: { ...outer, PORT: '0', UPSTREAM: upstream } })
  if (args.includes('--test')) {
    const [code] = await child.exited
    assert.equal(code, 0, child.text)
    assert.match(child.text, /^(?:#|ℹ) pass [1-9]/m)
    return undefined
  }
  const [, origin] = await child.until(/listening on (http:\S+)/)
  const end = async (): Promise<void> => {
    child.child.kill('SIGTERM')
    assert.deepEqual(await child.exited, [0, null], `it ends by SIGTERM: ${child.text}`)
  }
  return { origin: origin!, end }
}

/** With `-i`, lines that a README shows are some of those that are printed, in their order; without it they are all. JSON counts by value. */
function assertPrinted(printed: string, { shown, language }: Asked, some: boolean): void {
  if (language === 'json') return assert.deepEqual(JSON.parse(printed), JSON.parse(shown))
  if (!some) return assert.equal(printed.trimEnd(), shown)
  const lines = printed.split('\n')
  let from = 0
  for (const line of shown.split('\n')) {
    const at = lines.indexOf(line, from)
    assert.ok(at >= 0, `${line}\nis not in\n${printed}`)
    from = at + 1
  }
}

describe('the example', { concurrency: 1 }, () => {
  for (const name of examples) {
    test(name, async t => {
      const { starts, asked } = stepsOf(name)
      const running = await start(t, starts)
      assert.equal(running === undefined, asked.length === 0)
      for (const one of asked) {
        const curl = parseCurl(one.line)
        assert.equal(curl.url.origin, 'http://localhost:8080', one.line)
        assertPrinted(await runCurl(curl, running!.origin), one, curl.withHead)
      }
      await running?.end()
    })
  }
})

test('the upstream runs by itself', async t => {
  const child = new Watched(t, ['examples/upstream.js'], { env: { ...process.env, PORT: '0' } })
  const [, origin] = await child.until(/upstream on (http:\S+)/)
  assert.match(await runCurl(parseCurl(`curl ${origin}/users/ada`), origin!), /Ada Lovelace/)
})
