import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeXml } from '../../src/encoding/xml-decode.js'
import { GatewayError } from '../../src/errors.js'

async function decode(body: string | Buffer, contentType = 'application/xml', isCollection = false): Promise<unknown> {
  const node = await decodeXml(Buffer.from(body as string), { contentType, isCollection })
  return JSON.parse(Buffer.from(node!.text!, 'latin1').toString('utf8'))
}

const refused = (message: RegExp) => (error: unknown) =>
  error instanceof GatewayError && error.code === 'SLUICE_ERR_UPSTREAM_DECODE' && message.test(error.message)

const shapes: [behaviour: string, xml: string, data: unknown][] = [
  ['takes an element without attributes and children as its text', '<a>1</a>', { a: '1' }],
  ['takes an empty element as an empty string', '<a/>', { a: '' }],
  ['writes attributes with a hyphen', '<a x="1" y="&lt;&#65;"/>', { a: { '-x': '1', '-y': '<A' } }],
  ['writes text beside attributes as #text', '<a x="1">t</a>', { a: { '-x': '1', '#text': 't' } }],
  [
    'makes an array of repeated elements',
    '<r><i>1</i><o/><i>2</i><i k="3"/></r>',
    { r: { i: ['1', '2', { '-k': '3' }], o: '' } }
  ],
  ['keeps a single element single', '<r><i>1</i></r>', { r: { i: '1' } }],
  [
    'drops prefixes of elements and attributes',
    '<p:r xmlns:p="urn:p" xmlns="d"><p:c p:x="1"/></p:r>',
    { r: { '-p': 'urn:p', '-xmlns': 'd', c: { '-x': '1' } } }
  ],
  ['trims white space', '<r>\r\n <a>  x y </a>\t<b>\n</b></r>', { r: { a: 'x y', b: '' } }],
  ['keeps other space than that of XML', '<r>\u00a0x\u00a0</r>', { r: '\u00a0x\u00a0' }],
  ['copes with long runs of spaces', `<r>x${' '.repeat(2_000_000)}y</r>`, { r: `x${' '.repeat(2_000_000)}y` }],
  ['normalises line ends', '<r>a\r\nb\rc</r>', { r: 'a\nb\nc' }],
  ['keeps the text before the first child', '<r>one<b/>two</r>', { r: { b: '', '#text': 'one' } }],
  ['keeps the last text behind children otherwise', '<r><b/>one<c/>two</r>', { r: { b: '', c: '', '#text': 'two' } }],
  ['keeps the last text beside attributes', '<r k="v">one<b/>two</r>', { r: { '-k': 'v', b: '', '#text': 'two' } }],
  ['reads CDATA', '<r><![CDATA[<x> & ]]></r>', { r: '<x> &' }],
  [
    'skips comments, instructions and declarations',
    '<?xml version="1.0"?><!-- a --><r><!-- b --><a>1</a><?pi x?></r><!-- c -->',
    { r: { a: '1' } }
  ],
  ['reads character references', '<r>&#x1F600;&amp;</r>', { r: '😀&' }],
  ['ignores a DOCTYPE that declares no entity', '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd"><r>1</r>', { r: '1' }],
  [
    'keeps long texts whole',
    `<r><a>${'x'.repeat(200_000)}</a><b><![CDATA[${'y'.repeat(200_000)}]]></b></r>`,
    { r: { a: 'x'.repeat(200_000), b: 'y'.repeat(200_000) } }
  ]
]

const broken: [behaviour: string, xml: string, message: RegExp][] = [
  ['wrong nesting', '<a><b></a>', /close tag/],
  ['an end in the middle', '<a><b>', /Unclosed/],
  ['an empty body', '', /EOF/],
  ['white space only', ' \n', /EOF/],
  ['plain text', 'plain', /before first tag/],
  ['text behind the root', '<a/>x', /outside of root/],
  ['a second root', '<a/><b/>', /more than one root/],
  ['an attribute without quotes', '<a b=1/>', /Unquoted/],
  ['a bare ampersand', '<a>1 & 2</a>', /entity/],
  ['an entity that XML does not have', '<a>&nbsp;</a>', /entity/],
  ['a control character', '<a>\u0001</a>', /control/],
  ['a character reference out of range', '<a>&#x110000;</a>', /entity/],
  ['elements too deep', `${'<a>'.repeat(1001)}${'</a>'.repeat(1001)}`, /deeper/],
  ['entity declarations', '<!DOCTYPE r [<!ENTITY a "b">]><r>1</r>', /declarations are refused/],
  ['external entities', '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>', /declarations are refused/],
  ['an entity bomb', '<!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;&a;">]><r>&b;</r>', /declarations are refused/]
]

describe('decodeXml', () => {
  for (const [behaviour, xml, data] of shapes) {
    it(behaviour, async () => assert.deepEqual(await decode(xml), data))
  }

  for (const [behaviour, xml, message] of broken) {
    it(`refuses ${behaviour}`, () => assert.rejects(decode(xml), refused(message)))
  }

  it('puts a collection under its key', async () => {
    assert.deepEqual(await decode('<r><i>1</i></r>', '', true), { collection: { r: { i: '1' } } })
  })

  it('takes names of the language as data', async () => {
    const data = (await decode('<r><__proto__>1</__proto__><constructor a="2"/></r>')) as { r: object }
    assert.deepEqual(Object.entries(data.r), [
      ['__proto__', '1'],
      ['constructor', { '-a': '2' }]
    ])
  })

  it('reads the declared charset', async () => {
    const body = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?><r>caf\u00e9</r>`
    assert.deepEqual(await decode(Buffer.from(body('ISO-8859-1'), 'latin1')), { r: 'café' })
    assert.deepEqual(await decode(Buffer.from(body('ISO-8859-1'), 'latin1'), 'text/xml; charset=utf-8'), { r: 'café' })
    assert.deepEqual(await decode(Buffer.from(body('UTF-8'), 'utf8'), 'text/xml; charset=iso-8859-1'), { r: 'café' })
    await assert.rejects(decode(body('klingon')), refused(/charset klingon/))
  })

  it('reads the charset of the Content-Type when the document declares none', async () => {
    assert.deepEqual(await decode(Buffer.from('<r>\u00e9</r>', 'latin1'), 'text/xml; charset="ISO-8859-1"'), { r: 'é' })
  })

  it('reads a byte order mark first', async () => {
    const declared = '<?xml version="1.0" encoding="iso-8859-1"?><r>é</r>'
    assert.deepEqual(await decode(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(declared)])), { r: 'é' })
    assert.deepEqual(await decode(Buffer.from('\ufeff<r>é</r>', 'utf16le')), { r: 'é' })
    assert.deepEqual(await decode(Buffer.from('\ufeff<r>é</r>', 'utf16le').swap16()), { r: 'é' })
  })

  it('refuses bytes that are not in the charset', async () => {
    await assert.rejects(decode(Buffer.from('<r>\u00e9</r>', 'latin1')), refused(/charset utf-8/))
  })
})
