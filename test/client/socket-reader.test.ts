import assert from 'node:assert/strict'
import { createServer, type Server as HttpServer, request } from 'node:http'
import { type AddressInfo, createServer as createNetServer, type Server, type Socket } from 'node:net'
import { after, describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type ConfigInput, createGateway, type Gateway } from '../../src/index.js'
import type { GatewayResponse, PluginModule } from '../../src/plugin/index.js'
import { once, within } from '../support/waiting.js'

const closers: (() => unknown)[] = []
after(async () => {
  for (const close of closers.reverse()) await close()
})

/** An upstream that says, per connection, what `answer` writes for each request head. */
async function rawUpstream(answer: (socket: Socket, head: string) => void | Promise<void>): Promise<number> {
  const server: Server = createNetServer(socket => {
    socket.setNoDelay(true)
    let text = ''
    socket.on('error', () => {})
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end)
        text = text.slice(end + 4)
        void answer(socket, head)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => server.close())
  return (server.address() as AddressInfo).port
}

/** An endpoint with a plugin that passes on. */
const PASSES = { extra_config: { 'plugin/req-resp-modifier': { name: ['passes'] } } }
const passing: PluginModule = {
  ModifierRegisterer: { registerModifiers: register => register('passes', () => ({ response: () => {} })) }
}

async function gatewayTo(port: number, output = 'no-op', keys: object = {}): Promise<number> {
  const gateway: Gateway = await createGateway(
    {
      version: 3,
      port: 0,
      listen_ip: '127.0.0.1',
      timeout: '60s',
      extra_config: { router: { disable_access_log: true }, 'telemetry/logging': { level: 'CRITICAL', stdout: true } },
      endpoints: [
        {
          endpoint: '/x/{id}',
          output_encoding: output,
          input_headers: ['*'],
          backend: [{ host: [`http://127.0.0.1:${port}`], url_pattern: '/x/{id}' }],
          ...keys
        }
      ]
    },
    { port: 0, plugins: [passing] }
  )
  closers.push(() => gateway.close({ graceMs: 1 }))
  return (await gateway.listen()).port
}

interface Got {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly trailers: Record<string, string | undefined>
  readonly body: string
}

function get(port: number, path: string): Promise<Got> {
  const got = new Promise<Got>((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, path, headers: { TE: 'trailers' } }, res => {
      let body = ''
      res.setEncoding('latin1')
      res.on('data', (text: string) => {
        body += text
      })
      res.on('error', reject)
      res.on('end', () => resolve({ status: res.statusCode!, headers: res.headers, trailers: res.trailers, body }))
    })
    req.on('error', reject)
    req.end()
  })
  return within(`the answer to ${path}`, got)
}

/** Sends text in pieces that arrive in different reads. */
async function trickle(socket: Socket, text: string, pieces: number): Promise<void> {
  const size = Math.ceil(text.length / pieces)
  for (let at = 0; at < text.length; at += size) {
    socket.write(text.slice(at, at + size), 'latin1')
    for (let i = 0; i < 4; i++) await turn()
  }
}

describe('reading from upstreams into one buffer', () => {
  it('keeps a head whole that arrives in pieces, and the next one on the same connection', async () => {
    const connections = new Set<Socket>()
    let served = 0
    const port = await rawUpstream((socket, head) => {
      connections.add(socket)
      const id = /\/x\/(\w+)/.exec(head)![1]!
      const text = `HTTP/1.1 200 OK\r\nX-Long-Name-${id}: ${id.repeat(20)}\r\nContent-Length: ${id.length}\r\nX-After: ${id}\r\n\r\n${id}`
      return trickle(socket, text, (served++ % 30) + 2)
    })
    const gateway = await gatewayTo(port)
    for (let i = 0; i < 60; i++) {
      const id = `n${i}n`
      const got = await get(gateway, `/x/${id}`)
      assert.equal(got.status, 200)
      assert.equal(got.body, id)
      assert.equal(got.headers[`x-long-name-${id}`], id.repeat(20))
      assert.equal(got.headers['x-after'], id)
    }
    assert.equal(connections.size, 1)
  })

  it('keeps trailers whole that arrive in pieces', async () => {
    const port = await rawUpstream((socket, head) => {
      const id = /\/x\/(\w+)/.exec(head)![1]!
      const text = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: ${id}-and-more\r\n\r\n`
      return trickle(socket, text, 40)
    })
    const gateway = await gatewayTo(port)
    for (const id of ['one', 'two', 'three']) {
      const got = await get(gateway, `/x/${id}`)
      assert.equal(got.body, 'hello')
      assert.equal(got.trailers['x-sum'], `${id}-and-more`)
    }
  })

  it('gives a slow client the bytes that were sent although the buffer is used again', async () => {
    const block = (seed: number): string =>
      Array.from({ length: 64 }, (_, i) => String.fromCharCode(65 + ((seed + i) % 26))).join('')
    let body = ''
    for (let i = 0; body.length < 3 * 1024 * 1024; i++) body += block(i)
    const upstream: HttpServer = createServer((_req, res) =>
      res.writeHead(200, { 'Content-Length': body.length }).end(body, 'latin1')
    )
    upstream.listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    closers.push(() => upstream.close())
    const gateway = await gatewayTo((upstream.address() as AddressInfo).port)
    const slow = Array.from({ length: 6 }, () => {
      const done = new Promise<string>((resolve, reject) => {
        const req = request({ host: '127.0.0.1', port: gateway, path: '/x/1' }, res => {
          let text = ''
          res.setEncoding('latin1')
          res.on('data', (part: string) => {
            text += part
            res.pause()
            setImmediate(() => res.resume())
          })
          res.on('end', () => resolve(text))
          res.on('error', reject)
        })
        req.on('error', reject)
        req.end()
      })
      return within('a slow answer', done)
    })
    for (const text of await Promise.all(slow)) assert.ok(text === body)
  })

  for (const name of ['none', 'passes'] as const) {
    it(`loses nothing of many small chunks when the client is slower (${name})`, async () => {
      let text = ''
      let body = ''
      for (let i = 0; i < 60_000; i++) {
        const chunk = `${i}`.slice(0, 1 + (i % 3))
        body += chunk
        text += `${chunk.length}\r\n${chunk}\r\n`
      }
      const port = await rawUpstream(socket => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n${text}0\r\n\r\n`, 'latin1')
      })
      const gateway = await gatewayTo(port, 'no-op', name === 'none' ? {} : PASSES)
      for (let i = 0; i < 3; i++) assert.ok((await get(gateway, '/x/1')).body === body)
    })
  }

  it('holds decoded bodies apart that arrive over one connection', async () => {
    const port = await rawUpstream((socket, head) => {
      const id = /\/x\/(\w+)/.exec(head)![1]!
      const json = JSON.stringify({ id, text: id.repeat(3000) })
      return trickle(
        socket,
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n${json}`,
        5
      )
    })
    const gateway = await gatewayTo(port, 'json')
    const ids = ['a1', 'b2', 'c3', 'd4', 'e5', 'f6']
    const answers = await Promise.all(ids.map(id => get(gateway, `/x/${id}`)))
    answers.forEach((got, i) => {
      assert.deepEqual(JSON.parse(got.body), { id: ids[i], text: ids[i]!.repeat(3000) })
    })
  })

  it('notices that an idle upstream has closed', async () => {
    let opened = 0
    const port = await rawUpstream(socket => {
      opened++
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
    const gateway = await gatewayTo(port)
    for (let i = 0; i < 5; i++) assert.equal((await get(gateway, '/x/1')).body, 'ok')
    assert.equal(opened, 5)
  })

  it('takes a body that ends with the connection', async () => {
    const port = await rawUpstream(async socket => {
      await trickle(socket, 'HTTP/1.1 200 OK\r\n\r\nall of it', 6)
      socket.end()
    })
    assert.equal((await get(await gatewayTo(port), '/x/1')).body, 'all of it')
  })
})

describe('answers that never touch a port', () => {
  it('stay as they were sent while the buffer they were read into is used again', async () => {
    const port = await rawUpstream((socket, head) => {
      const id = /\/x\/(\w+)/.exec(head)![1]!
      const body = id.repeat(4000)
      return trickle(socket, `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`, 3)
    })
    const gateway = await createGateway({
      version: 3,
      timeout: '60s',
      extra_config: { router: { disable_access_log: true }, 'telemetry/logging': { level: 'CRITICAL', stdout: true } },
      endpoints: [
        {
          endpoint: '/x/{id}',
          output_encoding: 'no-op',
          backend: [{ host: [`http://127.0.0.1:${port}`], url_pattern: '/x/{id}' }]
        }
      ]
    })
    closers.push(() => gateway.close({ graceMs: 1 }))
    for (const id of ['a1', 'b2', 'c3', 'd4']) {
      const got = await gateway.request({ path: `/x/${id}` })
      assert.ok(got.text() === id.repeat(4000))
    }
  })
})

describe('answers that plugins let through, over shared connections', () => {
  /** What a plugin may do with an answer before its body goes on. */
  const plugins: PluginModule = {
    ModifierRegisterer: {
      registerModifiers(register) {
        register('passes', () => ({ response: () => {} }))
        register('waits', () => ({
          response: async () => {
            for (let i = 0; i < 3; i++) await turn()
          }
        }))
        register('reads', () => ({
          response: async (response: GatewayResponse) => {
            await response.body.buffer()
          }
        }))
        register('observes', () => ({ response: (response: GatewayResponse) => response.body.tap(() => {}) }))
      }
    }
  }
  const NAMES = ['passes', 'waits', 'reads', 'observes', 'none']
  const SIZES = [1, 100, 2048, 2049, 9000, 20_000, 70_000, 200_000]

  const bodyOf = (id: string): string => {
    const [size, seed] = id.split('-') as [string, string]
    return `${seed}.`.repeat(Math.ceil(Number(size) / (seed.length + 1))).slice(0, Number(size))
  }

  async function gatewayWith(port: number): Promise<number> {
    const config = {
      version: 3,
      listen_ip: '127.0.0.1',
      timeout: '20s',
      extra_config: {
        router: { disable_access_log: true, max_connections_per_host: 3 },
        'telemetry/logging': { level: 'CRITICAL', stdout: true }
      },
      endpoints: NAMES.map(name => ({
        endpoint: `/${name}/{id}`,
        output_encoding: 'no-op',
        backend: [{ host: [`http://127.0.0.1:${port}`], url_pattern: '/x/{id}' }],
        ...(name !== 'none' && { extra_config: { 'plugin/req-resp-modifier': { name: [name] } } })
      }))
    }
    const gateway = await createGateway(config as ConfigInput, { port: 0, plugins: [plugins] })
    closers.push(() => gateway.close({ graceMs: 1 }))
    return (await gateway.listen()).port
  }

  it('arrive as they were sent, whatever is kept of them and for how long', async () => {
    const port = await rawUpstream((socket, head) => {
      const body = bodyOf(/\/x\/([\w-]+)/.exec(head)![1]!)
      const text = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
      if (body.length % 2 === 1) return trickle(socket, text, 3)
      socket.write(text, 'latin1')
      return undefined
    })
    const gateway = await gatewayWith(port)
    let sent = 0
    const one = async (worker: number): Promise<void> => {
      for (let i = 0; i < 40; i++) {
        const name = NAMES[(i * 7 + worker) % NAMES.length]!
        const id = `${SIZES[(i * 5 + worker * 3) % SIZES.length]}-w${worker}r${sent++}`
        const got = await get(gateway, `/${name}/${id}`)
        assert.ok(got.body === bodyOf(id), `${name} ${id}`)
      }
    }
    await Promise.all([1, 2, 3, 4, 5, 6].map(one))
  })
})
