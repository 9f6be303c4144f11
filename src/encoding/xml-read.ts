/**
 * Reads XML documents as events: the base of the `xml` and `rss` decoders.
 *
 * In: the bytes of a body and its Content-Type. Out: calls on an {@link XmlSink}, in document order, names as written.
 * The grammar is the `sax` library's strict mode, loaded when the first decoder that needs it is chosen. Refused besides broken
 * documents: entities of any kind but the five of XML and character references (so there is nothing to expand, and nothing
 * is ever fetched), a second root element, control characters that XML 1.0 forbids, nesting deeper than {@link MAX_DEPTH}.
 */

import { TextDecoder } from 'node:util'
import type { SAXOptions } from 'sax'
import { GatewayError } from '../errors.js'

/** Deepest nesting of elements that is read. */
export const MAX_DEPTH = 1000

/** Receives the events of one document. */
export interface XmlSink {
  /** An element starts; its attributes follow. */
  open(name: string): void
  attribute(name: string, value: string): void
  /** A run of text or one CDATA section, line ends normalised. */
  text(text: string): void
  /** The element that was opened last ends. */
  close(): void
}

type Sax = typeof import('sax')
let loading: Promise<Sax> | undefined

/** Loads the XML library once; called when a pipe is built, so that no request waits for it. */
export function loadXml(): Promise<Sax> {
  loading ??= import('sax').then(module => module.default as unknown as Sax)
  return loading
}

/** Makes the error of a document that cannot be read. */
export function decodeError(format: string, message: string, cause?: unknown): GatewayError {
  return new GatewayError('SLUICE_ERR_UPSTREAM_DECODE', { message: `${format}: ${message}`, cause })
}

/**
 * Reads one whole document.
 * @throws GatewayError SLUICE_ERR_UPSTREAM_DECODE when it is not well-formed, not in its declared charset, or refused.
 */
export async function readXml(bytes: Buffer, contentType: string, sink: XmlSink): Promise<void> {
  const sax = await loadXml()
  const text = decodeText(bytes, contentType)
  if (FORBIDDEN.test(text)) throw decodeError('XML', 'illegal control character')
  const parser = sax.parser(true, OPTIONS)
  let depth = 0
  let roots = 0
  parser.onerror = error => {
    throw decodeError('XML syntax error', error.message.split('\n')[0]!, error)
  }
  parser.ondoctype = doctype => {
    if (doctype.includes('<!ENTITY')) throw decodeError('XML', 'entity declarations are refused')
  }
  parser.onopentagstart = tag => {
    if (depth === 0 && ++roots > 1) throw decodeError('XML syntax error', 'more than one root element')
    if (++depth > MAX_DEPTH) throw decodeError('XML', `nested deeper than ${MAX_DEPTH} elements`)
    sink.open(tag.name)
  }
  parser.onattribute = attribute => sink.attribute(attribute.name, attribute.value)
  parser.onclosetag = () => {
    depth--
    sink.close()
  }
  parser.ontext = run => {
    if (depth > 0) sink.text(run)
  }
  parser.oncdata = run => sink.text(run)
  parser.write(text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text).close() // XML 1.0 §2.11
  if (roots === 0) throw decodeError('XML', 'EOF: no root element')
}

/** XML 1.0 §2.2: what may not stand in a document. */
const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/
const DECLARED = /^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]+)["']/
const CHARSET = /;\s*charset\s*=\s*"?([^\s";]+)/i

/** `position: false` also keeps long runs of text in one piece. */
const OPTIONS: SAXOptions & { strictEntities: boolean } = { position: false, strictEntities: true }

/** Decoders by lower-cased label; only labels that the platform knows get in. */
const decoders = new Map<string, TextDecoder>()

/** Reads text in its charset: byte order mark, else the XML declaration, else the Content-Type, else UTF-8. */
export function decodeText(bytes: Buffer, contentType: string): string {
  const label = (
    markOf(bytes) ??
    DECLARED.exec(bytes.toString('latin1', 0, 256))?.[1] ??
    CHARSET.exec(contentType)?.[1] ??
    'utf-8'
  ).toLowerCase()
  let decoder = decoders.get(label)
  try {
    if (decoder === undefined) {
      decoder = new TextDecoder(label, { fatal: true })
      decoders.set(label, decoder)
    }
    return decoder.decode(bytes)
  } catch (error) {
    throw decodeError('XML', `not readable as charset ${label}`, error)
  }
}

function markOf(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  return undefined
}

/** The part of a name behind its prefix: `a:item` → `item`. */
export function localName(name: string): string {
  const colon = name.indexOf(':')
  return colon < 1 || colon === name.length - 1 ? name : name.slice(colon + 1)
}
