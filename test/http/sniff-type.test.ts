import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sniffType } from '../../src/http/sniff-type.js'

/** What Go's http.DetectContentType answers. */
const TYPES: readonly (readonly [bytes: string, type: string])[] = [
  ['hello', 'text/plain; charset=utf-8'],
  ['', 'text/plain; charset=utf-8'],
  ['{"a":1}', 'text/plain; charset=utf-8'],
  ['caf\xc3\xa9', 'text/plain; charset=utf-8'],
  ['a\x1bb', 'text/plain; charset=utf-8'],
  ['a\x01b', 'application/octet-stream'],
  ['\n\t <!doctype html>', 'text/html; charset=utf-8'],
  ['<a href="/">', 'text/html; charset=utf-8'],
  ['<abc>', 'text/plain; charset=utf-8'],
  ['<b', 'text/plain; charset=utf-8'],
  ['<!-- x', 'text/html; charset=utf-8'],
  [' <?xml version="1.0"?>', 'text/xml; charset=utf-8'],
  ['%PDF-1.7', 'application/pdf'],
  [' %PDF-1.7', 'text/plain; charset=utf-8'],
  ['\x89PNG\r\n\x1a\n\0', 'image/png'],
  ['\xff\xd8\xff\xe0', 'image/jpeg'],
  ['GIF89a', 'image/gif'],
  ['RIFFabcdWEBPVP8', 'image/webp'],
  ['RIFFabcdWAVE', 'audio/wave'],
  ['\xfe\xff\0a', 'text/plain; charset=utf-16be'],
  ['\xef\xbb\xbfa', 'text/plain; charset=utf-8'],
  ['\x1f\x8b\x08\0', 'application/x-gzip'],
  ['PK\x03\x04', 'application/zip'],
  ['\0\0\0\x18ftypmp42\0\0\0\0mp42isom', 'video/mp4'],
  ['\0\0\0\x18ftypxxxx\0\0\0\0xxxxisom', 'application/octet-stream'],
  ['\0asm\x01', 'application/wasm'],
  [`${'\0'.repeat(34)}LP`, 'application/vnd.ms-fontobject'],
  [`${'a'.repeat(512)}\0`, 'text/plain; charset=utf-8']
]

for (const [bytes, type] of TYPES) {
  test(`${JSON.stringify(bytes.slice(0, 24))} is ${type}`, () => {
    assert.equal(sniffType(Buffer.from(bytes, 'latin1')), type)
  })
}
