import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isRendererName, rendererFor } from '../../src/encoding/renderers.js'
import type { Renderer } from '../../src/encoding/types.js'
import { GatewayError } from '../../src/errors.js'
import { ObjectNode } from '../../src/message/json/node.js'
import { slowClock } from '../support/time.js'
import { parseJsonObject } from './at-once.js'

const failed = (error: unknown) => error instanceof GatewayError && error.code === 'SLUICE_ERR_GATEWAY_INTERNAL'

const data = (json: string) => parseJsonObject(Buffer.from(json))

async function render(name: string, json: string | undefined, accept = ''): Promise<{ type: string | undefined; body: string }> {
  const { contentType, body } = await rendererFor(name, undefined)(json === undefined ? undefined : data(json), accept)
  return { type: contentType, body: body.toString('utf8') }
}

describe('json', () => {
  it('writes data, {} without a response, null for a null document', async () => {
    const type = 'application/json; charset=utf-8'
    assert.deepEqual(await render('json', '{"a":1.10}'), { type, body: '{"a":1.10}' })
    assert.deepEqual(await render('json', undefined), { type, body: '{}' })
    assert.deepEqual(await render('json', 'null'), { type, body: 'null' })
  })
})

describe('json-collection', () => {
  it('writes the collection, [] when there is none', async () => {
    assert.equal((await render('json-collection', '{"collection":[1.0,2]}')).body, '[1.0,2]')
    for (const json of ['{}', 'null', undefined]) assert.equal((await render('json-collection', json)).body, '[]')
  })
})

describe('string', () => {
  it('writes content as plain text', async () => {
    assert.deepEqual(await render('string', '{"content":"h\\u00e9 \\"q\\" 日\\n","x":1}'), {
      type: 'text/plain; charset=utf-8',
      body: 'hé "q" 日\n'
    })
  })

  it('is empty when there is no text', async () => {
    for (const json of ['{"content":5}', '{"content":{"a":1}}', '{"x":1}', 'null', undefined]) {
      assert.deepEqual(await render('string', json), { type: 'text/plain; charset=utf-8', body: '' })
    }
  })
})

describe('xml', () => {
  const documents: [behaviour: string, json: string, xml: string][] = [
    ['takes a single key as the root', '{"r":{"a":"1"}}', '<r><a>1</a></r>'],
    ['wraps several keys and sorts them', '{"b":1,"a":2,"B":3}', '<doc><B>3</B><a>2</a><b>1</b></doc>'],
    ['repeats arrays, nested ones too', '{"a":{"l":[1,["x",[]],{"k":null}]}}', '<a><l>1</l><l>x</l><l/><l><k/></l></a>'],
    [
      'repeats a root array of objects',
      '{"collection":[{"i":1},{"i":2}]}',
      '<collection><i>1</i></collection><collection><i>2</i></collection>'
    ],
    ['wraps a root array that holds more than objects', '{"c":[{"i":1},2]}', '<doc><c><i>1</i></c><c>2</c></doc>'],
    ['writes attributes and text', '{"a":{"#text":"t","-y":"2","-x":"1"}}', '<a x="1" y="2">t</a>'],
    ['writes text before children', '{"a":{"b":1,"#text":"t"}}', '<a>t<b>1</b></a>'],
    ['closes an element that has only attributes', '{"a":{"-x":1.50,"-n":null}}', '<a n="" x="1.50"/>'],
    ['takes a lone hyphen for an element', '{"a":{"-":1}}', '<a><->1</-></a>'],
    ['closes what is empty', '{"a":null,"b":"","c":{},"d":[]}', '<doc><a/><b/><c/><d/></doc>'],
    ['writes an empty object and a null document', '{}', '<doc/>'],
    ['writes null', 'null', '<doc/>'],
    [
      'keeps the spelling of numbers',
      '{"a":12345678901234567890,"b":[1e3,-0,1.0]}',
      '<doc><a>12345678901234567890</a><b>1e3</b><b>-0</b><b>1.0</b></doc>'
    ],
    ['escapes text', '{"a":"<&>\\"\'\\u0001"}', '<a>&lt;&amp;&gt;&quot;&apos;\ufffd</a>'],
    ['never lets a name open markup', '{"x><y z=\\"1":{"-q\\"<":"v"},"":1}', '<doc><_>1</_><x__y z=_1 q__="v"/></doc>'],
    [
      'keeps digits in strings and names as they are',
      '{"1":"a \\"2\\" \\\\","b\\"3":true}',
      '<doc><1>a &quot;2&quot; \\</1><b_3>true</b_3></doc>'
    ],
    [
      'sorts by code point',
      '{"\ud83d\ude00":1,"\uffee":2,"aa":3,"a":4}',
      '<doc><a>4</a><aa>3</aa><\uffee>2</\uffee><\ud83d\ude00>1</\ud83d\ude00></doc>'
    ],
    ['takes names of the language as data', '{"__proto__":{"toString":1}}', '<__proto__><toString>1</toString></__proto__>']
  ]
  for (const [behaviour, json, xml] of documents) {
    it(behaviour, async () => assert.deepEqual(await render('xml', json), { type: 'application/xml', body: xml }))
  }

  it('is empty without a response', async () => {
    assert.deepEqual(await render('xml', undefined), { type: 'application/xml; charset=utf-8', body: '' })
  })

  it('fails on an attribute that is no scalar', async () => {
    await assert.rejects(
      async () => render('xml', '{"a":{"-x":{"y":1}}}'),
      (error: unknown) => failed(error) && /-x/.test((error as Error).message)
    )
  })
})

describe('yaml', () => {
  it('sorts keys and quotes numbers and what older readers take for something else', async () => {
    const json = `{"z":1.10,"a":[1,[2,{"k":"v"}],{}],"n":"no","on":false,"t":"true","d":"2024-01-02","e":"","m":"a\\nb\\n","c":"a: b","nul":null,"l":"${'w '.repeat(60)}w"}`
    assert.deepEqual(await render('yaml', json), {
      type: 'application/yaml; charset=utf-8',
      body: `a:\n- "1"\n- - "2"\n  - k: v\n- {}\nc: "a: b"\nd: "2024-01-02"\ne: ""\nl: ${'w '.repeat(60)}w\nm: |\n  a\n  b\n"n": "no"\nnul: null\n"on": false\nt: "true"\nz: "1.10"\n`
    })
  })

  it('writes {} without a response and for a null document, as KrakenD does', async () => {
    assert.equal((await render('yaml', undefined)).body, '{}\n')
    assert.equal((await render('yaml', 'null')).body, '{}\n')
  })

  it('takes names of the language as data and repeats instead of aliasing', async () => {
    assert.equal((await render('yaml', '{"__proto__":{"b":1},"c":{"b":1}}')).body, '__proto__:\n  b: "1"\nc:\n  b: "1"\n')
  })

  it('writes numbers with an exponent and no fraction without quotes, as KrakenD does', async () => {
    assert.equal(
      (await render('yaml', '[1e3,-2E+5,0e1,1.5e3,0,-1.0,12345678901234567890123]'.replace(/.*/, '{"a":$&}'))).body,
      'a:\n- 1e3\n- -2E+5\n- 0e1\n- "1.5e3"\n- "0"\n- "-1.0"\n- "12345678901234567890123"\n'
    )
  })

  it('keeps the last of equal keys', async () => {
    assert.equal((await render('yaml', '{"b":1,"a":{"c":1,"c":2},"b":true}')).body, 'a:\n  c: "2"\nb: true\n')
  })

  it('writes lists and objects in each other, and empty ones', async () => {
    const json = '{"o":{"l":[[1,[{"b":[],"a":{"x":"1\\n2"}}]],"3\\n4\\n"],"e":{}},"l":[]}'
    assert.equal(
      (await render('yaml', json)).body,
      'l: []\no:\n  e: {}\n  l:\n  - - "1"\n    - - a:\n          x: |-\n            1\n            2\n        b: []\n  - |\n    3\n    4\n'
    )
  })

  it('takes data of any depth unless its indentation would be out of proportion', async () => {
    const { parse } = await import('yaml')
    const nested = (depth: number, value: string) => `${'{"a":'.repeat(depth)}${value}${'}'.repeat(depth)}`
    assert.deepEqual(parse((await render('yaml', nested(100, 'true'))).body), JSON.parse(nested(100, 'true')))
    assert.match((await render('yaml', nested(999, '1'))).body, / a: "1"\n$/)
    await assert.rejects(async () => render('yaml', nested(999, `[${'1,'.repeat(100_000)}1]`)), failed)
  })

  it('writes large data in slices', async t => {
    slowClock(t)
    const rows = Array.from({ length: 40_000 }, (_, i) => `"k${(i * 7919) % 40_000}":[${i},"x"]`)
    const render = rendererFor('yaml', undefined)(ObjectNode.ofText(`{${rows.join(',')}}`), '')
    assert.ok(render instanceof Promise)
    let turns = 0
    const turn = (): void => {
      turns++
      waiting = setImmediate(turn)
    }
    let waiting = setImmediate(turn)
    const text = (await render).body.toString()
    clearImmediate(waiting)
    assert.ok(turns > 2, `others had ${turns} turns`)
    const keys = text
      .split('\n')
      .filter(line => line.startsWith('k'))
      .map(line => line.slice(0, -1))
    assert.deepEqual(keys, [...keys].sort())
    assert.equal(keys.length, 40_000)
  })

  it('can be read back', async () => {
    const { parse } = await import('yaml')
    const json =
      '{"a":[{"x":"- y","z":" pad "},"#","&a","*b","!c","%d","@e","`f","{","[","? g","|",">","\\t","a #b","é","\\u0000","\\u2028","---","<<"]}'
    for (const version of ['1.1', '1.2'] as const) {
      assert.deepEqual(parse((await render('yaml', json)).body, { version }), JSON.parse(json))
    }
  })
})

describe('negotiate', () => {
  const accepts: [accept: string, format: string][] = [
    ['', 'json'],
    ['application/json', 'json'],
    ['application/xml', 'xml'],
    ['text/plain', 'yaml'],
    ['application/x-yaml', 'yaml'],
    ['application/yaml', 'json'],
    ['text/html', 'json'],
    ['text/xml', 'json'],
    ['*/*', 'json'],
    ['text/*', 'yaml'],
    ['application/*', 'json'],
    ['application/x', 'xml'],
    ['APPLICATION/XML', 'json'],
    ['text/xml, application/xml', 'xml'],
    [' , application/xml;q=0.1, application/json;q=0.9', 'xml'],
    ['text/html;level=1,text/plain', 'yaml']
  ]
  for (const [accept, format] of accepts) {
    it(`answers "${accept}" with ${format}`, async () => {
      assert.deepEqual(await render('negotiate', '{"a":1}', accept), await render(format, '{"a":1}'))
    })
  }
})

describe('rendererFor', () => {
  it('tells names apart by case', async () => {
    assert.equal(rendererFor('JSON', undefined), rendererFor('json', undefined))
    assert.equal(rendererFor('XML', undefined), rendererFor('json', undefined))
    assert.equal(isRendererName('yaml'), true)
    assert.equal(isRendererName('YAML'), false)
  })

  it('falls back to the only backend, then to json', () => {
    assert.equal(rendererFor('fallback', 'string'), rendererFor('string', undefined))
    assert.equal(rendererFor('fallback', 'safejson'), rendererFor('json', undefined))
    assert.equal(rendererFor('fallback', undefined), rendererFor('json', undefined))
    assert.equal(rendererFor('xml', 'string'), rendererFor('xml', undefined))
  })

  it('lets added renderers win', () => {
    const own: Renderer = () => ({ contentType: undefined, body: Buffer.from('own') })
    const extra = new Map([
      ['csv', own],
      ['json', own]
    ])
    assert.equal(rendererFor('csv', undefined, extra), own)
    assert.equal(rendererFor('json', undefined, extra), own)
    assert.equal(rendererFor('other', 'csv', extra), own)
    assert.equal(rendererFor('other', undefined, extra), own)
    assert.equal(isRendererName('csv', extra), true)
    assert.notEqual(rendererFor('xml', undefined, extra), own)
  })
})
