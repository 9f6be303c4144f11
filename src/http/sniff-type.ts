/** The media type that a body's first bytes tell, by the table that Go's net/http uses (WHATWG MIME Sniffing §7.1). */

/** Bytes that are looked at. */
const SNIFFED_BYTES = 512
/** Stands for any byte in a {@link SIGNATURES} pattern. */
const ANY = '*'
/** Not a pattern: {@link isMp4} decides. */
const MP4 = ''

const TEXT = 'text/plain; charset=utf-8'

const HTML_TAGS: readonly string[] = [
  '<!DOCTYPE HTML',
  '<HTML',
  '<HEAD',
  '<SCRIPT',
  '<IFRAME',
  '<H1',
  '<DIV',
  '<FONT',
  '<TABLE',
  '<A',
  '<STYLE',
  '<TITLE',
  '<B',
  '<BODY',
  '<BR',
  '<P',
  '<!--'
]

/** The first that fits counts; patterns are latin1. */
const SIGNATURES: readonly (readonly [type: string, pattern: string])[] = [
  ['application/pdf', '%PDF-'],
  ['application/postscript', '%!PS-Adobe-'],
  ['text/plain; charset=utf-16be', '\xfe\xff**'],
  ['text/plain; charset=utf-16le', '\xff\xfe**'],
  [TEXT, '\xef\xbb\xbf*'],
  ['image/x-icon', '\0\0\x01\0'],
  ['image/x-icon', '\0\0\x02\0'],
  ['image/bmp', 'BM'],
  ['image/gif', 'GIF87a'],
  ['image/gif', 'GIF89a'],
  ['image/webp', 'RIFF****WEBPVP'],
  ['image/png', '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', '\xff\xd8\xff'],
  ['audio/aiff', 'FORM****AIFF'],
  ['audio/mpeg', 'ID3'],
  ['application/ogg', 'OggS\0'],
  ['audio/midi', 'MThd\0\0\0\x06'],
  ['video/avi', 'RIFF****AVI '],
  ['audio/wave', 'RIFF****WAVE'],
  ['video/mp4', MP4],
  ['video/webm', '\x1aE\xdf\xa3'],
  ['application/vnd.ms-fontobject', `${ANY.repeat(34)}LP`],
  ['font/ttf', '\0\x01\0\0'],
  ['font/otf', 'OTTO'],
  ['font/collection', 'ttcf'],
  ['font/woff', 'wOFF'],
  ['font/woff2', 'wOF2'],
  ['application/x-gzip', '\x1f\x8b\x08'],
  ['application/zip', 'PK\x03\x04'],
  ['application/x-rar-compressed', 'Rar!\x1a\x07\0'],
  ['application/x-rar-compressed', 'Rar!\x1a\x07\x01\0'],
  ['application/wasm', '\0asm']
]

/** Returns the type of a body that begins with `bytes`; `application/octet-stream` when nothing fits. */
export function sniffType(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, SNIFFED_BYTES)).toString('latin1')
  const text = head.replace(/^[\t\n\f\r ]+/, '')
  if (HTML_TAGS.some(tag => startsTag(text, tag))) return 'text/html; charset=utf-8'
  if (text.startsWith('<?xml')) return 'text/xml; charset=utf-8'
  for (const [type, pattern] of SIGNATURES) if (pattern === MP4 ? isMp4(head) : fits(head, pattern)) return type
  return BINARY.test(text) ? 'application/octet-stream' : TEXT
}

const BINARY = /[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]/

function startsTag(text: string, tag: string): boolean {
  const behind = text[tag.length]
  return (behind === ' ' || behind === '>') && text.slice(0, tag.length).toUpperCase() === tag
}

function fits(head: string, pattern: string): boolean {
  if (head.length < pattern.length) return false
  for (let i = 0; i < pattern.length; i++) if (pattern[i] !== ANY && pattern[i] !== head[i]) return false
  return true
}

/** A `ftyp` box that lists a brand which begins with `mp4` (WHATWG MIME Sniffing §6.2.1). */
function isMp4(head: string): boolean {
  if (head.length < 12 || head.slice(4, 8) !== 'ftyp') return false
  const size = Buffer.from(head.slice(0, 4), 'latin1').readUInt32BE()
  if (size % 4 !== 0 || head.length < size) return false
  for (let at = 8; at < size; at += 4) if (at !== 12 && head.startsWith('mp4', at)) return true
  return false
}
