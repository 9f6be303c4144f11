import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { HttpCalls } from '../../../../plugins/modifier/lua/http-calls.js'
import { openUpstream, type Script } from '../../../support/upstream.js'

async function callsTo(
  t: TestContext,
  script: Script
): Promise<{ origin: string; get(path: string, signal?: AbortSignal): Promise<string> }> {
  const { origin } = await openUpstream(t, script)
  const agent = HttpCalls.agent()
  t.after(() => agent.destroy())
  const calls = new HttpCalls(agent, 'agent', 1000)
  return {
    origin,
    async get(path, signal = new AbortController().signal) {
      const url = path.startsWith('/') ? origin + path : path
      const answer = await calls.send({ url, method: 'GET', body: undefined, fields: [] }, signal)
      return answer.body()
    }
  }
}

test('tells failures in the words of Go', async t => {
  const { origin, get } = await callsTo(t, (req, res) => {
    if (req.url === '/loop') return void res.writeHead(302, { Location: '/loop' }).end()
    if (req.url === '/file') return void res.writeHead(302, { Location: 'file:///etc/passwd' }).end()
    if (req.url === '/large') return void res.end('x'.repeat(1001))
    if (req.url === '/reset') return void res.destroy()
  })
  const fails = (path: string, text: string, signal?: AbortSignal): Promise<void> =>
    assert.rejects(get(path, signal), { message: text.replaceAll('@', origin) })
  await fails('/slow', 'Get "@/slow": context deadline exceeded', AbortSignal.timeout(50))
  await fails('/loop', 'Get "@/loop": stopped after 10 redirects')
  await fails('/file', 'Get "file:///etc/passwd": unsupported protocol scheme "file"')
  await fails('/large', 'the body is larger than 1000 bytes')
  await fails('/reset', 'Get "@/reset": EOF')
  await fails('http://127.0.0.1:1/', 'Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused')
})

test('credentials of one origin do not follow a redirect to another', async t => {
  const other = await openUpstream(t, (req, res) => res.end(`${req.headers.authorization} ${req.headers['x-own']}`))
  const { origin } = await openUpstream(t, (_req, res) => res.writeHead(307, { Location: `${other.origin}/` }).end())
  const agent = HttpCalls.agent()
  t.after(() => agent.destroy())
  const fields = ['Authorization', 'secret', 'X-Own', '1']
  const call = { url: origin, method: 'GET', body: undefined, fields }
  const answer = await new HttpCalls(agent, 'agent', 1000).send(call, new AbortController().signal)
  assert.equal(await answer.body(), 'undefined 1')
})
