import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeRss } from '../../../src/encoding/feed/decode.js'
import { parseFeedDate, parsePerson } from '../../../src/encoding/feed/types.js'
import { refused } from '../refused.js'

async function decode(body: string): Promise<Record<string, unknown> & { items: Record<string, unknown>[] }> {
  const node = await decodeRss(Buffer.from(body), { contentType: 'application/rss+xml', isCollection: false })
  return JSON.parse(Buffer.from(node!.text!, 'latin1').toString('utf8'))
}

const EMPTY = {
  author: null,
  categories: null,
  copyright: '',
  custom: null,
  description: '',
  items: [] as unknown[],
  language: '',
  published: '',
  title: '',
  updated: ''
}

describe('decodeRss with RSS 2.0', () => {
  it('has every key even for an empty channel', async () => {
    assert.deepEqual(await decode('<rss version="2.0"><channel/></rss>'), { ...EMPTY, type: 'rss' })
    assert.deepEqual(await decode('<rss/>'), { ...EMPTY, type: 'rss' })
  })

  it('reads channel and items', async () => {
    const feed = await decode(`<?xml version="1.0"?><rss version="2.0"><channel>
      <title>T</title><link>http://f.test/</link><description>D</description><language>es</language><copyright>C</copyright>
      <managingEditor>ed@f.test (Ed Itor)</managingEditor><pubDate>P</pubDate><lastBuildDate>B</lastBuildDate>
      <category>k1</category><category>k2</category><image><url>http://f.test/i.png</url><title>I</title></image>
      <item><title>One</title><link>http://f.test/1</link><description>x &lt;b&gt; <![CDATA[<i>y</i>]]></description>
        <author>a@f.test</author><guid isPermaLink="false">g1</guid><pubDate>Tue, 02 Jan 2024 03:04:05 +0200</pubDate>
        <category>c</category><enclosure url="http://f.test/a.jpg" length="12" type="image/jpeg"/><comments>no</comments><rating>5</rating></item>
      <item><description>raw <b class="x">bold</b><br/></description><pubDate>soon</pubDate></item>
    </channel></rss>`)
    assert.deepEqual(feed, {
      title: 'T',
      description: 'D',
      language: 'es',
      copyright: 'C',
      author: { name: 'Ed Itor', email: 'ed@f.test' },
      published: 'P',
      updated: 'B',
      categories: ['k1', 'k2'],
      custom: null,
      type: 'rss',
      img_url: 'http://f.test/i.png',
      items: [
        {
          title: 'One',
          description: 'x <b> <i>y</i>',
          link: 'http://f.test/1',
          links: ['http://f.test/1'],
          published: 'Tue, 02 Jan 2024 03:04:05 +0200',
          publishedParsed: '2024-01-02T01:04:05Z',
          author: { email: 'a@f.test' },
          authors: [{ email: 'a@f.test' }],
          guid: 'g1',
          image: { url: 'http://f.test/a.jpg' },
          categories: ['c'],
          enclosures: [{ url: 'http://f.test/a.jpg', length: '12', type: 'image/jpeg' }],
          custom: { rating: '5' }
        },
        { description: 'raw <b class="x">bold</b><br/>', published: 'soon' }
      ]
    })
  })

  it('reads Dublin Core, iTunes, content and media, under any prefix', async () => {
    const feed =
      await decode(`<rss xmlns:d="http://purl.org/dc/elements/1.1/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
      xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/" xmlns:own="urn:own"><channel>
      <d:title>DT</d:title><d:creator>Someone</d:creator><d:rights>R</d:rights><d:language>fr</d:language><d:date>2024-01-01</d:date>
      <itunes:subtitle>S</itunes:subtitle><itunes:image href="http://f.test/p.png"/><itunes:keywords>a, b</itunes:keywords>
      <itunes:category text="Arts"><itunes:category text="Food"/></itunes:category><d:subject>sub</d:subject>
      <item><d:creator>Me</d:creator><d:date>2024-01-02T00:00:00Z</d:date><content:encoded><![CDATA[<p>full</p>]]></content:encoded><content:other/>
        <itunes:duration>10</itunes:duration><itunes:episodeType>full</itunes:episodeType><itunes:summary>Sum</itunes:summary>
        <media:content url="http://f.test/m.png" medium="image"/><own:x y="1">v<own:z/></own:x></item>
    </channel></rss>`)
    assert.equal(feed.title, 'DT')
    assert.deepEqual(feed.author, { name: 'Someone' })
    assert.equal(feed.copyright, 'R')
    assert.equal(feed.language, 'fr')
    assert.equal(feed.updated, '2024-01-01')
    assert.equal(feed.description, 'S')
    assert.equal(feed.img_url, 'http://f.test/p.png')
    assert.deepEqual(feed.categories, ['a', 'b', 'Arts', 'Food', 'sub'])
    const item = feed.items[0]!
    assert.equal(item.content, '<p>full</p>')
    assert.equal(item.description, 'Sum')
    assert.equal(item.updatedParsed, '2024-01-02T00:00:00Z')
    assert.equal(item.published, '2024-01-02T00:00:00Z')
    assert.deepEqual(item.author, { name: 'Me' })
    assert.deepEqual(item.image, { url: 'http://f.test/m.png' })
    assert.deepEqual(item.dcExt, { creator: ['Me'], date: ['2024-01-02T00:00:00Z'] })
    assert.deepEqual(item.itunesExt, { duration: '10', episodeType: 'full', summary: 'Sum' })
    const { own } = item.extensions as { own: unknown }
    assert.deepEqual(own, {
      x: [{ name: 'x', value: 'v', attrs: { y: '1' }, children: { z: [{ name: 'z', value: '', attrs: {}, children: {} }] } }]
    })
  })
})

describe('decodeRss with RSS 1.0', () => {
  it('finds items and image beside the channel', async () => {
    const feed = await decode(`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
      <channel rdf:about="x"><title>T</title><items><rdf:Seq/></items></channel><image><url>u</url></image><item><title>I</title><link>l</link></item></rdf:RDF>`)
    assert.equal(feed.type, 'rss')
    assert.equal(feed.img_url, 'u')
    assert.deepEqual(feed.items, [{ title: 'I', link: 'l', links: ['l'] }])
  })
})

describe('decodeRss with Atom', () => {
  it('reads feed and entries', async () => {
    const feed =
      await decode(`<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de" xmlns:x="urn:x"><title>T</title><subtitle>S</subtitle><rights>R</rights>
      <updated>2024-01-02T03:04:05Z</updated><logo>http://f.test/l.png</logo><author><name>A</name><email>a@f.test</email></author><category term="t" label="L"/>
      <entry><title type="html">E &amp;amp; F</title><id>urn:1</id><link rel="enclosure" href="http://f.test/1.mp3" type="audio/mpeg" length="3"/>
        <link rel="self" href="http://f.test/self"/><link href="http://f.test/1"/><updated>2024-01-02T03:04:05.120+01:00</updated><published>2024-01-01</published>
        <summary>Sum</summary><content type="xhtml"><div>c</div></content><author><name>B</name></author><category term="only"/><x:e>1</x:e><x:e>2</x:e></entry>
      <entry><issued>i</issued><modified>m</modified></entry></feed>`)
    assert.deepEqual(feed, {
      title: 'T',
      description: 'S',
      copyright: 'R',
      updated: '2024-01-02T03:04:05Z',
      published: '',
      language: 'de',
      type: 'atom',
      img_url: 'http://f.test/l.png',
      author: { name: 'A', email: 'a@f.test' },
      categories: ['L'],
      custom: null,
      items: [
        {
          title: 'E &amp; F',
          guid: 'urn:1',
          link: 'http://f.test/1',
          links: ['http://f.test/self', 'http://f.test/1'],
          enclosures: [{ url: 'http://f.test/1.mp3', length: '3', type: 'audio/mpeg' }],
          updated: '2024-01-02T03:04:05.120+01:00',
          updatedParsed: '2024-01-02T02:04:05.12Z',
          published: '2024-01-01',
          publishedParsed: '2024-01-01T00:00:00Z',
          description: 'Sum',
          content: 'c',
          author: { name: 'B' },
          authors: [{ name: 'B' }],
          categories: ['only'],
          extensions: {
            x: {
              e: [
                { name: 'e', value: '1', attrs: {}, children: {} },
                { name: 'e', value: '2', attrs: {}, children: {} }
              ]
            }
          }
        },
        { updated: 'm', published: 'i' }
      ]
    })
  })

  const entry = async (content: string): Promise<Record<string, unknown>> =>
    (await decode(`<feed xmlns="http://www.w3.org/2005/Atom"><entry>${content}</entry></feed>`)).items[0]!

  it('keeps text of XHTML constructs escaped and takes the div off', async () => {
    const escaped = '&lt;script&gt;alert(1)&lt;/script&gt;'
    for (const [element, key] of [
      ['content', 'content'],
      ['summary', 'description'],
      ['title', 'title']
    ] as const) {
      for (const text of [escaped, '<![CDATA[<script>alert(1)</script>]]>', '&#60;script>alert(1)&#x3c;/script>']) {
        const item = await entry(
          `<${element} type="xhtml"> <div xmlns="http://www.w3.org/1999/xhtml">${text}</div> </${element}>`
        )
        assert.equal(item[key], escaped)
      }
    }
    assert.equal(
      (
        await entry(
          '<content type="xhtml"><x:div xmlns:x="u"><x:p title="a &amp;amp; &quot;b&quot; &lt;">1 &lt; 2</x:p><br/></x:div></content>'
        )
      ).content,
      '<x:p title="a &amp;amp; &quot;b&quot; &lt;">1 &lt; 2</x:p><br/>'
    )
  })

  it('keeps other XML as markup, text and HTML as text', async () => {
    assert.equal(
      (await entry('<content type="image/svg+xml"><svg><t>a &lt; b</t></svg></content>')).content,
      '<svg><t>a &lt; b</t></svg>'
    )
    assert.equal((await entry('<content type="html">&lt;b&gt;x&lt;/b&gt; &amp;amp;</content>')).content, '<b>x</b> &amp;')
    assert.equal((await entry('<content>a &lt; b</content>')).content, 'a < b')
  })

  it('keeps escaped text inside of an element as text in every kind of feed', async () => {
    const mixed = '&lt;i&gt; <b>x &lt;script&gt;</b>'
    assert.equal((await entry(`<content type="html">${mixed}</content>`)).content, '<i> <b>x &lt;script&gt;</b>')
    const feed = await decode(`<rss><channel><item><description>${mixed}</description></item></channel></rss>`)
    assert.equal(feed.items[0]!.description, '<i> <b>x &lt;script&gt;</b>')
  })

  it('takes the date of the update for a missing publication, and prefixed feeds', async () => {
    const feed = await decode(
      '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:updated>2024-02-03</a:updated></a:entry></a:feed>'
    )
    assert.equal(feed.items[0]!.publishedParsed, '2024-02-03T00:00:00Z')
    assert.deepEqual({ ...feed, items: [] }, { ...EMPTY, type: 'atom' })
  })
})

describe('decodeRss with JSON Feed', () => {
  it('reads feed and items', async () => {
    const feed =
      await decode(`{"version":"https://jsonfeed.org/version/1.1","title":"T","description":"D","language":"en","icon":"http://f.test/i.png",
      "authors":[{"name":"A"}],"items":[{"id":7,"url":"http://f.test/1","external_url":"http://o.test/","title":"One","summary":"S","content_html":"<p>",
      "date_published":"2024-01-02T03:04:05Z","date_modified":"2024-01-03T00:00:00Z","author":{"name":"B"},"image":"http://f.test/1.png","tags":["x",""],
      "attachments":[{"url":"http://f.test/a","mime_type":"audio/mpeg","size_in_bytes":5}]},{"content_text":"text"},null]}`)
    assert.deepEqual(feed, {
      title: 'T',
      description: 'D',
      language: 'en',
      copyright: '',
      type: 'json',
      img_url: 'http://f.test/i.png',
      author: { name: 'A' },
      categories: null,
      custom: null,
      published: '2024-01-02T03:04:05Z',
      updated: '2024-01-03T00:00:00Z',
      items: [
        {
          guid: '7',
          link: 'http://f.test/1',
          links: ['http://f.test/1', 'http://o.test/'],
          title: 'One',
          description: 'S',
          content: '<p>',
          published: '2024-01-02T03:04:05Z',
          publishedParsed: '2024-01-02T03:04:05Z',
          updated: '2024-01-03T00:00:00Z',
          updatedParsed: '2024-01-03T00:00:00Z',
          author: { name: 'B' },
          authors: [{ name: 'B' }],
          image: { url: 'http://f.test/1.png' },
          categories: ['x'],
          enclosures: [{ url: 'http://f.test/a', length: '5', type: 'audio/mpeg' }]
        },
        { content: 'text' }
      ]
    })
    assert.deepEqual(await decode('\ufeff{}'), { ...EMPTY, type: 'json' })
  })

  it('refuses broken JSON', () => assert.rejects(decode('{"items":'), refused(/unexpected EOF/)))
})

describe('decodeRss', () => {
  it('refuses what is not a feed', async () => {
    for (const body of ['', 'text', '<html><body/></html>', '[1]'])
      await assert.rejects(decode(body), refused(/^Failed to detect feed type$/), body)
  })

  it('refuses broken XML', () => assert.rejects(decode('<rss><channel>'), refused(/unclosed tag/)))
})

describe('parseFeedDate', () => {
  const dates: [text: string, instant: string | undefined][] = [
    ['Mon, 01 Jan 2024 10:00:00 GMT', '2024-01-01T10:00:00Z'],
    ['1 Jan 24 10:00 EST', '2024-01-01T15:00:00Z'],
    ['Mon, 01 January 2024 10:00:00 -0330', '2024-01-01T13:30:00Z'],
    ['01-Feb-1999 23:59:59', '1999-02-01T23:59:59Z'],
    ['1 Mar 99', '1999-03-01T00:00:00Z'],
    ['2024-02', '2024-02-01T00:00:00Z'],
    ['2024-02-03 04:05', '2024-02-03T04:05:00Z'],
    ['2024-02-03T04:05:06.500Z', '2024-02-03T04:05:06.5Z'],
    ['2024-02-03T04:05:06+05:30', '2024-02-02T22:35:06Z'],
    ['2024-13-01', undefined],
    ['Mon, 01 Foo 2024 10:00:00 GMT', undefined],
    ['Mon, 01 Anf 2024 10:00:00 GMT', undefined],
    ['1 Jan 2024 25:00 GMT', undefined],
    ['yesterday', undefined],
    [`1 Jan 2024${' '.repeat(100)}10:00`, undefined]
  ]
  for (const [text, instant] of dates) it(`reads "${text}" as ${instant}`, () => assert.equal(parseFeedDate(text), instant))
})

describe('parsePerson', () => {
  it('tells names from addresses', () => {
    assert.deepEqual(parsePerson('a@b.test (Ann)'), { email: 'a@b.test', name: 'Ann' })
    assert.deepEqual(parsePerson('Ann (a@b.test)'), { email: 'a@b.test', name: 'Ann' })
    assert.deepEqual(parsePerson(' Ann '), { name: 'Ann' })
    assert.deepEqual(parsePerson(''), {})
    assert.deepEqual(parsePerson('a@b.test'), { email: 'a@b.test' })
  })
})
