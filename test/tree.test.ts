/** Tests stand where a reader looks for them: the test of `src/a/b.ts` is `test/a/b.test.ts`, that of `plugins/a/b.ts` is `test/plugins/a/b.test.ts`. */

import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Folders whose tests look at no single file, and what they look at. */
const BEHAVIOUR_FOLDERS: Readonly<Record<string, string>> = {
  chaos: 'the whole gateway under random traffic and faults',
  deploy: 'the files of deploy/',
  docs: 'the documents and what they show',
  examples: 'the folders of examples/',
  fuzz: 'random input against what several files say',
  gateway: 'the whole gateway, over sockets'
}

/** Tests of a behaviour that several files make, and why they stand in their room. */
const BEHAVIOUR_TESTS: Readonly<Record<string, string>> = {
  'plugins/_shared/otlp/senders': 'both ways to a collector, by one list of cases',
  'plugins/_shared/traces/real-collectors': 'what collectors and Jaeger of others make of traces and metrics',
  'plugins/_shared/traces/cut-answers': 'spans of answers that break off, in all the ways they can',
  'plugins/_shared/traces/bounded-traces': 'what recording holds, whatever clients ask for',
  'plugins/telemetry/opentelemetry/otlp-reload': 'what collectors hear while the configuration is loaded again',
  'plugins/telemetry/opentelemetry/krakend-rules': 'rules of spans and metrics that KrakenD has, one by one',
  'plugins/telemetry/opentelemetry/observed-values': 'what KrakenD was seen to send, value by value, and odd values of keys',
  'plugins/telemetry/opentelemetry/cardinality': 'series and names of all exporters, whatever clients and upstreams choose',
  'plugins/telemetry/opentelemetry/deep-trees':
    'spans of long chains, over two gateways, and of exchanges that are ended from outside',
  'plugins/telemetry/opentelemetry/own-calls': 'spans of calls that scripts and plugins make by themselves',
  'plugin/wasm/go-traces': 'spans of calls that Go plugins make',
  'plugins/telemetry/opentelemetry/every-pipe': 'spans, exemplars and log lines of every kind of pipe and end',
  'admin/browser': 'the status page in Chromium',
  'pipe/html-in-chromium': 'the page of sluice pipes --html in Chromium, as a file',
  'admin/browser-connection':
    'the status page in Chromium: a gateway that is gone, comes again, asks for another token, or stands behind a proxy',
  'admin/browser-large': 'the status page in Chromium: thousands of endpoints, names that would do harm',
  'cli/lost-logs': 'gateways whose log is full, or not read',
  'cli/many-findings': 'lists of findings in hundreds of places',
  'cli/lost-results': 'commands whose standard output is full, or not read',
  'cli/signals': 'the command as a process: drain, second signal, exit code',
  'cli/stop-while-starting': 'the command as a process: a signal before it serves',
  'client/failed-connections': 'pools and calls when connections fail, or are given up',
  'client/proxied-calls': 'a gateway behind an HTTP proxy',
  'client/silent-body': 'an upstream that falls silent in its body while a plugin reads',
  'config/flexible-source': 'a template as configuration: flexible.ts, load.ts, lint.ts',
  'config/odd-values': 'values that are valid and hardly meant, at every place',
  'config/weak-typing': 'scalars that convert, at the root, in endpoints and in backends',
  'encoding/large-bodies': 'decoders, shaping, merge and renderers in turns of the event loop',
  'encoding/large-documents': 'XML, YAML and feeds in turns of the event loop',
  'exchange/body-deadline': 'the timeout of endpoints with plugins: head, body, idle limit',
  'exchange/client-rules': 'the rules towards clients, for both pipes and both versions of HTTP',
  'exchange/early-responses': 'responses that come before the upload has ended',
  'exchange/http2-responses': 'responses over HTTP/2: answer-writer.ts, write-head.ts',
  'exchange/response-heads': 'heads of upstreams as clients get them',
  'go-template/recorded': 'the whole room against what Go has rendered',
  'message/token-stages': 'chains of token stages over token-pipe.ts, at random',
  'plugin/blame': 'which plugin is named for a failure, at every place',
  'plugin/bodies': 'the views of a body, as plugins call them, at every scope',
  'plugin/contract': 'one contract at every place where a plugin can stand',
  'plugin/fixtures': 'the plugins of fixtures/plugins in a gateway',
  'plugin/fixtures-kit': 'the plugins of fixtures/plugins in the test kit',
  'plugin/framing': 'fields, trailers and bodies that a plugin may not break',
  'plugin/guest-use': 'what guests get beyond the public interface: message/ and run/chain.ts',
  'plugin/heavy-chains': 'more than memory holds through chains; run by `npm run test:long`',
  'plugin/wasm/go-chain': 'a script, a Go plugin, a guest and a token stage over a large body',
  'plugin/wasm/go-fixtures': 'what fixtures/go-plugins/README.md names',
  'plugin/wasm/go-header-map': 'the one header map that Go plugins in a row have',
  'plugin/wasm/go-other-calls': "calls of Go plugins that are not the gateway's own",
  'plugin/wasm/go-requests': 'what server plugins in Go see, and what they may not do',
  'plugin/wasm/go-wrappers': 'what counts of what modifiers in Go change',
  'plugin/wasm/go-aborts': 'Go plugins in the test kit: all of go-*.ts when exchanges break off',
  'plugin/is-complete': 'what modifiers learn of partial responses',
  'plugin/declarations': 'what the declarations of the public interface hold',
  'plugin/misbehaviour': 'what a plugin may do wrong, at every scope',
  'plugin/start-errors': 'what of plugins stops the start: load/ and run/factories.ts',
  'plugin/testing-not-loaded': 'what the public modules load',
  'plugin/wasm/tck': 'guests of http-wasm against its compatibility kit',
  'plugins/anatomy': 'what all components have in common',
  'plugins/bounded-memory': 'what components keep for clients is bounded',
  'plugins/redis/connections': 'real servers: behind sentinels, as a cluster, encrypted',
  'plugins/redis/odd-servers': 'connections to servers that hang, refuse, break off, or are no Redis',
  'plugins/auth/revoker/generations': 'revocations across two configurations of one process',
  'plugins/auth/revoker/workers': 'revocations in all workers of one gateway',
  'plugins/auth/revoker/go-client': 'the RPC against programs in Go',
  'plugins/modifier/lua/any-arguments': 'helpers of scripts, called with anything',
  'plugins/modifier/lua/runaway': 'a gateway with scripts that never end, all at once',
  'plugins/modifier/lua/example': 'the script that docs/scripting.md shows',
  'plugins/modifier/lua/engine/fuzz': 'the whole engine, random programs',
  'plugins/modifier/lua/engine/limits': 'steps, time and memory of the whole engine',
  'plugins/modifier/lua/engine/recorded': 'the whole engine against what gopher-lua has printed',
  'plugins/modifier/martian/faults': 'blocks with faults: which stop the start',
  'plugins/modifier/martian/filters': 'which requests a block runs for',
  'plugins/modifier/martian/direct': 'edits of fields without message objects',
  'plugins/modifier/martian/random': 'random blocks',
  'plugins/named/ranges': 'ranges and every plugin that edits whole bodies',
  'plugins/named/registration': 'how names that begin with sluice- are found',
  'plugins/_shared/cel/cost': 'what an evaluation may cost: expression.ts, meter.ts, functions.ts',
  'plugins/_shared/cel/language': 'the language against its specification',
  'plugins/validation/json-schema/bounds': 'the whole engine: no schema makes a body expensive',
  'server/http2-limits': 'HTTP/2 clients that hold something: http2-connection.ts, http2-exchange.ts',
  'server/refusals': 'what both request-rules.ts and client-error.ts refuse',
  'server/unread-answers': 'clients that do not read: connection.ts, http1.ts, http2-exchange.ts'
}

const tests = readdirSync(path.join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .map(name => name.replaceAll('\\', '/'))
  .filter(name => name.includes('/') && name.endsWith('.test.ts'))
  .map(name => name.slice(0, -'.test.ts'.length))
  .sort()

/** The files that a test may be the test of. An `index.ts` is tested by the name of its folder. */
function subjectsOf(name: string): string[] {
  const folder = path.posix.dirname(name)
  const rooms = name.startsWith('plugins/') || name.startsWith('bench/') ? [''] : ['src/']
  return rooms.flatMap(room => [
    `${room}${name}.ts`,
    `${room}${name}.mjs`,
    ...(path.posix.basename(folder) === path.posix.basename(name) ? [`${room}${folder}/index.ts`] : [])
  ])
}

const hasSubject = (name: string): boolean => subjectsOf(name).some(file => existsSync(path.join(ROOT, file)))

test('a test has the place and the name of the file that it tests, or is listed as the test of a behaviour', () => {
  assert.ok(tests.length > 100)
  const lost = tests.filter(
    name => !hasSubject(name) && !Object.hasOwn(BEHAVIOUR_FOLDERS, name.split('/')[0]!) && !Object.hasOwn(BEHAVIOUR_TESTS, name)
  )
  assert.deepEqual(lost, [], 'move these, or list them in BEHAVIOUR_TESTS with what they test')
})

test('the list of behaviours names tests that exist and have no file of their own', () => {
  const gone = Object.keys(BEHAVIOUR_TESTS).filter(name => !tests.includes(name) || hasSubject(name))
  assert.deepEqual(gone, [])
})
