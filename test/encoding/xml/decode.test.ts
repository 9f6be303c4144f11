import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeXml } from '../../../src/encoding/xml/decode.js'
import { refused } from '../refused.js'

async function decode(body: string | Buffer, contentType = 'application/xml', isCollection = false): Promise<unknown> {
  const node = await decodeXml(Buffer.from(body as string), { contentType, isCollection })
  return JSON.parse(Buffer.from(node!.text!, 'latin1').toString('utf8'))
}

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
  [
    'makes an array of many repeated elements, in order',
    `<r><x>0</x>${Array.from({ length: 2500 }, (_, i) => `<i>${i % 7 === 0 ? 'long '.repeat(300) : i}</i>`).join('<x/>')}</r>`,
    {
      r: {
        x: ['0', ...Array.from({ length: 2499 }, () => '')],
        i: Array.from({ length: 2500 }, (_, i) => (i % 7 === 0 ? 'long '.repeat(300).trim() : String(i)))
      }
    }
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
  [
    'writes texts as JSON',
    '<r k="&quot;\\&#9;\u2028">é"\\\n\u{1F600}</r>',
    { r: { '-k': '"\\\t\u2028', '#text': 'é"\\\n\u{1F600}' } }
  ],
  ['takes the names of the fifth edition of XML', '<r><\u0132x·/></r>', { r: { '\u0132x·': '' } }],
  ['ignores a DOCTYPE that declares no entity', '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd"><r>1</r>', { r: '1' }],
  [
    'keeps long texts whole',
    `<r><a>${'x'.repeat(200_000)}</a><b><![CDATA[${'y'.repeat(200_000)}]]></b></r>`,
    { r: { a: 'x'.repeat(200_000), b: 'y'.repeat(200_000) } }
  ]
]

const broken: [behaviour: string, xml: string, message: RegExp][] = [
  ['wrong nesting', '<a><b></a>', /1:\d+: unexpected close tag/],
  ['an end in the middle', '<a><b>', /unclosed tag/],
  ['an empty body', '', /must contain a root/],
  ['white space only', ' \n', /must contain a root/],
  ['plain text', 'plain', /outside of root/],
  ['text behind the root', '<a/>x', /outside of root/],
  ['a second root', '<a/><b/>', /only one root/],
  ['an attribute without quotes', '<a b=1/>', /unquoted/],
  ['an attribute without end', `<a b="${'x'.repeat(200_000)}`, /unexpected end/],
  ['an attribute twice', '<a b="1" b="2"/>', /duplicate attribute/],
  ['a bracket in an attribute', '<a b="<"/>', /disallowed character/],
  ['no space between attributes', '<a b="1"c="2"/>', /no whitespace/],
  ['a blank before the name of an element', '< a/>', /tag name/],
  ['an end of CDATA in text', '<a>]]></a>', /]]>/],
  ['a bare ampersand', '<a>1 & 2</a>', /1:\d+/],
  ['an entity that XML does not have', '<a>&nbsp;</a>', /undefined entity/],
  ['a comment with two hyphens', '<a><!-- b -- c --></a>', /comment/],
  ['a declaration that is not first', ' <?xml version="1.0"?><a/>', /1:\d+/],
  ['an instruction that takes the name xml', '<a><?XML b?></a>', /1:\d+/],
  ['a control character', '<a>\u0001</a>', /disallowed character/],
  ['a character that XML does not have', '<a>\uffff</a>', /disallowed character/],
  ['a character reference out of range', '<a>&#x110000;</a>', /malformed character entity/],
  ['a reference to a control character', '<a>&#1;</a>', /malformed character entity/],
  ['elements too deep', `${'<a>'.repeat(1001)}${'</a>'.repeat(1001)}`, /deeper/]
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

  it('cuts documents at any byte', async () => {
    const text = 'é€\u{1F600}\r\n'.repeat(30_000)
    assert.deepEqual(await decode(`<r a="${'ü'.repeat(70_000)}">${text}</r>`), {
      r: { '-a': 'ü'.repeat(70_000), '#text': text.replaceAll('\r\n', '\n').trim() }
    })
  })
})
