import assert from 'node:assert/strict'
import { test } from 'node:test'
import { upstreamFailure } from '../../src/http/upstream-failure.js'

test('a call that finds no free descriptor says what to do', () => {
  for (const code of ['EMFILE', 'ENFILE']) {
    const cause = Object.assign(new Error(`connect ${code} 127.0.0.1:80 - Local (undefined:undefined)`), { code })
    const { code: own, message } = upstreamFailure(cause, 'GET', 'http://h/')
    assert.equal(own, 'SLUICE_ERR_UPSTREAM_CONNECT')
    assert.match(message, /^GET "http:\/\/h\/": too many open files \(E[MN]FILE\): raise the limit .* `ulimit -n 4096`$/)
  }
})

test('of several addresses that all failed the first one speaks for all', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED ::1:80'), { code: 'ECONNREFUSED' })
  const { code, message } = upstreamFailure(new AggregateError([refused, new Error('other')]), 'GET', 'http://h/')
  assert.deepEqual([code, message], ['SLUICE_ERR_UPSTREAM_CONNECT', 'GET "http://h/": connect ECONNREFUSED ::1:80'])
})
