import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as requestId from '../../../../plugins/named/request-id/index.js'
import { testShipped } from '../support.js'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

describe('sluice-request-id', () => {
  for (const scope of ['service', 'endpoint', 'backend'] as const) {
    test(`makes an id at the ${scope}, sends it up and returns it, and does not believe a client`, async () => {
      const tested = await testShipped(requestId, { kind: scope === 'backend' ? 'client' : 'handler', scope })
      const answer = await tested.request({ headers: { 'X-Request-Id': 'forged' } })
      const id = answer.headers['x-request-id'] as string
      assert.match(id, UUID)
      assert.equal(tested.calls[0]!.headers['x-request-id'], id)
      assert.notEqual((await tested.request()).headers['x-request-id'], id)
      await tested.close()
    })
  }

  test('accepts a valid id where that was asked for', async () => {
    const tested = await testShipped(requestId, { options: { accept: true, header: 'X-Trace', return: false } })
    const ids = ['abc-123', 'not valid', 'x'.repeat(129), '<b>', ['one', 'two']]
    for (const id of ids) {
      const answer = await tested.request({ headers: { 'X-Trace': id } })
      assert.equal(answer.headers['x-trace'], undefined)
    }
    const seen = tested.calls.map(call => call.headers['x-trace'] as string)
    assert.equal(seen[0], 'abc-123')
    for (const id of seen.slice(1)) assert.match(id, UUID)
    await tested.close()
  })

  test('accepts ids of the named peers only', async () => {
    const from = async (list: string[]): Promise<string> => {
      const tested = await testShipped(requestId, { options: { accept: true, accept_from: list } })
      const answer = await tested.request({ headers: { 'X-Request-Id': 'mine' } })
      await tested.close()
      return answer.headers['x-request-id'] as string
    }
    assert.match(await from(['10.0.0.0/8', '2001:db8::/32']), UUID)
    assert.equal(await from(['127.0.0.0/8', '::1']), 'mine')
  })

  test('wrong options stop the start', async () => {
    const start = (options: object) => testShipped(requestId, { options })
    await assert.rejects(start({ accept_from: ['10.0.0.0/8'] }), /'accept_from' works together with "accept": true/)
    for (const entry of ['10.0.0.0/', '10.0.0.0/33', 'host', '::/129', '1.2.3.4/x']) {
      await assert.rejects(start({ accept: true, accept_from: [entry] }), /is no address and no network/)
    }
    await assert.rejects(start({ header: 'a b' }), /\/header must match pattern/)
  })
})
