import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Endpoint, WaitingEndpoint } from '../../src/endpoint/waiting-endpoint.js'

for (const part of ['direct', 'entry', 'description'] as const) {
  test(`the pipe is built when its ${part} is first asked for, and once`, () => {
    let built = 0
    const pipe = { direct: () => {}, entry: {}, description: {} } as unknown as Endpoint
    const endpoint = new WaitingEndpoint(5000, () => {
      built++
      return pipe
    })
    assert.equal(endpoint.tunnelIdleMs, 5000)
    assert.equal(endpoint.admits, undefined)
    assert.equal(built, 0)
    assert.equal(endpoint[part], pipe[part])
    assert.equal(endpoint.entry, pipe.entry)
    assert.equal(built, 1)
  })
}
