import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenApiDocument } from '../../src/openapi/types.js'
import { assertValid } from '../openapi/support.js'
import { openGateway } from '../support/open-gateway.js'
import { ask } from './support.js'

test('the admin port serves the document of the configuration, to those who have the token', async t => {
  const { log } = await openGateway(t, {
    name: 'Shop',
    extra_config: { 'sluice/admin': { port: 0, token: 'token-of-the-test' } },
    endpoints: [{ endpoint: '/a/{id}', backend: [{ host: ['http://127.0.0.1:8081'], url_pattern: '/' }] }]
  })
  const port = Number(/port: (\d+)$/.exec(await log.line(/Admin\] Listening/))![1])
  assert.equal((await ask(port, '/__sluice/openapi.json')).status, 401)
  const answer = await ask(port, '/__sluice/openapi.json', { headers: { authorization: 'Bearer token-of-the-test' } })
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  const document = JSON.parse(answer.body) as OpenApiDocument
  await assertValid(document)
  assert.deepEqual([document.info.title, Object.keys(document.paths)], ['Shop', ['/a/{id}']])
})
