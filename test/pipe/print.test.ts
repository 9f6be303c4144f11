import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PipeDescription, PipeStage } from '../../src/pipe/description.js'
import { formatPipes } from '../../src/pipe/print.js'

const stage = (name: string, place: string, more: Partial<PipeStage> = {}): PipeStage => ({
  name,
  place,
  holdsBody: 'no',
  ...more
})

const PIPE: PipeDescription = {
  method: 'GET',
  path: '/x/{id}',
  pipe: 'aggregate',
  direct: false,
  stages: [
    stage('security/cors', 'service/outer'),
    stage('shadow', 'endpoint/shadow', {
      holdsBody: 'yes',
      note: 'copied',
      copy: { stages: [], backends: [{ method: 'GET', target: 'http://s/1', stages: [stage('call', 'backend/call')] }] }
    })
  ],
  backends: [
    { method: 'GET', target: 'http://a/1', stages: [stage('cache', 'backend/transport', { holdsBody: 'may' })] },
    { method: 'PUT', target: 'http://b/2', stages: [stage('call', 'backend/call', { note: 'bytes' })] }
  ]
}

describe('pipes as text', () => {
  test('are trees, the outermost stage first, with places and remarks in columns', () => {
    assert.equal(
      formatPipes([PIPE]),
      `GET /x/{id}  aggregate
├─ security/cors        service/outer
├─ shadow               endpoint/shadow    holds the body; copied
│  └─ → GET http://s/1
│     └─ call           backend/call
├─ → GET http://a/1
│  └─ cache             backend/transport  may hold the body
└─ → PUT http://b/2
   └─ call              backend/call       bytes
`
    )
  })

  test('stand apart by an empty line and say which are direct', () => {
    const direct: PipeDescription = { ...PIPE, pipe: 'passthrough', direct: true, stages: [], backends: PIPE.backends.slice(1) }
    const text = formatPipes([direct, PIPE])
    assert.match(text, /^GET \/x\/\{id\} {2}passthrough, direct: bytes go from socket to socket\n/)
    assert.match(text, /bytes\n\nGET \/x\/\{id\} {2}aggregate\n/)
    assert.equal(formatPipes([]), '')
  })
})
