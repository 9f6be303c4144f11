/**
 * An upstream in a process of its own that sends and takes bodies of any size, as fast as they are taken; prints its port.
 * `?mb=N`: `/bytes`, `/object` (`{"id":…,"big":[…],"name":…}`), `/list` (`[…]`); POST `/sink` answers how much came.
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const MIB = 1 << 20
const RAW = Buffer.alloc(MIB, 'sluice ')
const ITEM = '{"id":12345678901234567890,"name":"an item, \\"quoted\\"","tags":["a","b"],"price":1.10},'
const ITEMS = Buffer.from(ITEM.repeat(Math.ceil(MIB / ITEM.length)))

function* list(mb: number): Generator<Buffer | string> {
  yield '['
  for (let i = 0; i < mb; i++) yield ITEMS
  yield '{"last":true}]'
}

function* object(mb: number): Generator<Buffer | string> {
  yield '{"id":1,"big":'
  yield* list(mb)
  yield ',"name":"small"}'
}

function* bytes(mb: number): Generator<Buffer> {
  for (let i = 0; i < mb; i++) yield RAW
}

const server = createServer(async (req, res) => {
  const url = new URL(req.url ?? '/', 'http://upstream')
  const mb = Number(url.searchParams.get('mb') ?? 1)
  try {
    if (req.method === 'POST') {
      let heard = 0
      for await (const chunk of req) heard += (chunk as Buffer).length
      res.end(String(heard))
      return
    }
    const raw = url.pathname === '/bytes'
    res.writeHead(200, raw ? { 'Content-Length': mb * MIB } : { 'Content-Type': 'application/json' })
    const body = raw ? bytes(mb) : url.pathname === '/list' ? list(mb) : object(mb)
    await pipeline(Readable.from(body), res)
  } catch {
    res.destroy()
  }
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`))
