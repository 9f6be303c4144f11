import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecentErrors } from '../../../src/admin/status/recent-errors.js'
import { GatewayError } from '../../../src/errors.js'

const failure = (message: string) => new GatewayError('SLUICE_ERR_UPSTREAM_CONNECT', { message })

test('equal errors of one endpoint are one entry with their number, the newest first', () => {
  const errors = new RecentErrors()
  errors.add(failure('a'), 'GET', '/x', 500)
  errors.add(failure('b'), 'GET', '/y', 502)
  errors.add(failure('c http://u:p@h/'), 'GET', '/x', 500)
  const list = errors.list()
  assert.deepEqual(
    list.map(({ endpoint, count, status, message }) => [endpoint, count, status, message]),
    [
      ['GET /x', 2, 500, 'c http://…@h/'],
      ['GET /y', 1, 502, 'b']
    ]
  )
  assert.match(list[0]!.at, /^\d{4}-\d\d-\d\dT/)
})

test('it keeps fifty, each with a short message', () => {
  const errors = new RecentErrors()
  for (let i = 0; i < 1000; i++) errors.add(failure('x'.repeat(10_000)), 'GET', `/${i}`, 500)
  const list = errors.list()
  assert.equal(list.length, 50)
  assert.equal(list[0]!.endpoint, 'GET /999')
  assert.equal(list[0]!.message.length, 500)
})
