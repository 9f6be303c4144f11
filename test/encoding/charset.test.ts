import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createTextReader } from '../../src/encoding/charset.js'
import { refused } from './refused.js'

/** Reads a document whole and cut at each byte; both must give the same text. */
function read(bytes: Buffer, contentType = ''): string {
  const whole = createTextReader(bytes, contentType)(bytes, true)
  const reader = createTextReader(bytes, contentType)
  let cut = ''
  for (let i = 0; i < bytes.length; i++) cut += reader(bytes.subarray(i, i + 1), i === bytes.length - 1)
  assert.equal(cut, whole)
  return whole
}

const declared = (charset: string, text: string) => `<?xml version="1.0" encoding="${charset}"?><r>${text}</r>`

describe('createTextReader', () => {
  it('takes UTF-8 where nothing is said', () => {
    assert.equal(read(Buffer.from('<r>é€😀</r>')), '<r>é€😀</r>')
  })

  it('takes the declared charset before that of the Content-Type', () => {
    const latin = declared('ISO-8859-1', 'caf\u00e9')
    assert.equal(read(Buffer.from(latin, 'latin1'), 'text/xml; charset=utf-8'), latin)
    const utf = declared('UTF-8', 'é')
    assert.equal(read(Buffer.from(utf), 'text/xml; charset=iso-8859-1'), utf)
  })

  it('takes the charset of the Content-Type where the document declares none', () => {
    assert.equal(read(Buffer.from('<r>\u00e9</r>', 'latin1'), 'text/xml; charset="ISO-8859-1"'), '<r>é</r>')
  })

  it('takes a byte order mark before both', () => {
    const text = declared('iso-8859-1', 'é')
    assert.equal(read(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)])), text)
    assert.equal(read(Buffer.from(`\ufeff${text}`, 'utf16le')), text)
    assert.equal(read(Buffer.from(`\ufeff${text}`, 'utf16le').swap16()), text)
  })

  it('knows UTF-16 without a byte order mark by its zero bytes', () => {
    const text = declared('utf-16', 'é')
    assert.equal(read(Buffer.from(text, 'utf16le')), text)
    assert.equal(read(Buffer.from(text, 'utf16le').swap16()), text)
  })

  for (const label of ['windows-1252', 'iso-8859-1', 'latin1', 'us-ascii', 'CP1252']) {
    it(`reads bytes 80 to 9F as windows-1252 has them under the label ${label}`, () => {
      const bytes = Buffer.from(Array.from({ length: 0xa0 - 0x7f }, (_, i) => 0x7f + i))
      const text = read(Buffer.concat([Buffer.from(declared(label, '')), bytes]))
      assert.equal(text.slice(-33), '\u007f€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ')
    })
  }

  it('reads other charsets of the platform', () => {
    const of = (charset: string, bytes: number[]) =>
      read(Buffer.concat([Buffer.from(declared(charset, '')), Buffer.from(bytes)])).split('</r>')[1]
    assert.equal(of('iso-8859-15', [0xa4, 0x80]), '€\u0080')
    assert.equal(of('windows-1251', [0x80, 0xcf]), 'ЂП')
    assert.equal(of('koi8-r', [0xf0]), 'П')
    assert.equal(of('Shift_JIS', [0x93, 0xfa]), '日')
    assert.equal(of('gb18030', [0xc8, 0xd5]), '日')
  })

  it('refuses charsets that the platform does not know, and bytes that are not in the charset', () => {
    assert.throws(() => read(Buffer.from(declared('klingon', ''))), refused(/charset klingon/))
    assert.throws(() => read(Buffer.from('<r>\u00e9</r>', 'latin1')), refused(/charset utf-8/))
    assert.throws(() => read(Buffer.from([0x3c, 0x72, 0xc3])), refused(/charset utf-8/))
  })
})
