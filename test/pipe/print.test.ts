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

  const SPREAD = `GET /x/{id}  aggregate
├─ security/cors
│    service/outer
├─ shadow
│  │    endpoint/shadow
│  │    holds the body; copied
│  └─ → GET http://s/1
│     └─ call
│          backend/call
├─ → GET http://a/1
│  └─ cache
│       backend/transport
│       may hold the body
└─ → PUT http://b/2
   └─ call
        backend/call  bytes
`

  test('go on in further lines where the width does not suffice; nothing is lost', () => {
    assert.equal(formatPipes([PIPE], { width: 32 }), SPREAD)
    const long = {
      ...PIPE,
      stages: [stage('s', 'endpoint/x', { note: 'a remark of many words that goes on and on' })],
      backends: []
    }
    assert.equal(
      formatPipes([long], { width: 40 }),
      `GET /x/{id}  aggregate
└─ s  endpoint/x  a remark of many words
                  that goes on and on
`
    )
    for (let width = 1; width < 100; width++) {
      const text = formatPipes([PIPE, long], { width })
      assert.equal(text.replace(/[^\w/:]/g, '').length, formatPipes([PIPE, long]).replace(/[^\w/:]/g, '').length, `${width}`)
      if (width > 40) for (const line of text.split('\n')) assert.ok(line.length <= width, `${width}: ${line}`)
    }
  })

  test('are coloured by what they hold, and the same without the colours', () => {
    const coloured = formatPipes([PIPE], { colours: true })
    assert.match(coloured, /\x1b\[1;33mholds the body; copied\x1b\[0m/)
    assert.match(coloured, /\x1b\[33mmay hold the body\x1b\[0m/)
    assert.match(coloured, /\x1b\[36m→ GET http:\/\/a\/1\x1b\[0m/)
    const plain = (text: string): string => text.replace(/\x1b\[[\d;]*m/g, '').replace(/ +$/gm, '')
    assert.equal(plain(coloured), formatPipes([PIPE]))
    assert.equal(plain(formatPipes([PIPE], { colours: true, width: 32 })), SPREAD)
  })

  test('no name steers the terminal', () => {
    const text = formatPipes([{ ...PIPE, path: '/\x1b[2J', stages: [stage('a\x07\nb', 'endpoint/x')], backends: [] }])
    assert.equal(text, 'GET /\\x1b[2J  aggregate\n└─ a\\x07\\x0ab  endpoint/x\n')
  })
})
