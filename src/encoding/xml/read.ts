/**
 * Reads XML documents as events: the base of the `xml` and `rss` decoders.
 *
 * In: the bytes of a body and its Content-Type. Out: calls on an {@link XmlSink}, in document order, names as written.
 * The grammar is that of the `saxes` library, loaded when the first decoder that needs it is chosen; `xml-doctype.ts` checks what it leaves
 * unread. Refused besides broken documents: entities of any kind but the five of XML and character references, and nesting deeper than
 * {@link MAX_DEPTH}. Documents are read in pieces, so that other requests run in between.
 */

import type { SaxesOptions } from 'saxes'
import type { Sliced } from '../../message/slices.js'
import { createTextReader } from '../charset.js'
import { decodeError } from '../decode-error.js'
import { doctypeFault } from './doctype.js'

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

type Saxes = typeof import('saxes')
let loading: Promise<Saxes> | undefined
let library: Saxes | undefined

/** Loads the XML library once; called when a pipe is built, so that no request waits for it. */
export function loadXml(): Promise<Saxes> {
  loading ??= import('saxes').then(loaded => {
    library = loaded
    return loaded
  })
  return loading
}

/** Bytes that are parsed before other exchanges get their turn. */
const PIECE_BYTES = 32 * 1024
/** Messages begin with line and column. */
const OPTIONS: SaxesOptions = { position: true }

/**
 * Reads one whole document.
 * @throws GatewayError SLUICE_ERR_UPSTREAM_DECODE when it is not well-formed, not in its declared charset, or refused.
 */
export function* readXml(bytes: Buffer, contentType: string, sink: XmlSink): Sliced<void> {
  if (library === undefined) yield loadXml()
  const parser = new library!.SaxesParser(OPTIONS)
  let depth = 0
  parser.on('error', error => {
    throw decodeError('XML syntax error', error.message, error)
  })
  parser.on('doctype', text => {
    const fault = doctypeFault(text)
    if (fault !== undefined) throw decodeError('XML', fault)
  })
  parser.on('opentagstart', tag => {
    if (++depth > MAX_DEPTH) throw decodeError('XML', `nested deeper than ${MAX_DEPTH} elements`)
    sink.open(tag.name)
  })
  parser.on('attribute', attribute => sink.attribute(attribute.name, attribute.value))
  parser.on('closetag', () => {
    depth--
    sink.close()
  })
  parser.on('text', run => {
    if (depth > 0) sink.text(run)
  })
  parser.on('cdata', run => sink.text(run))
  const read = createTextReader(bytes, contentType)
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    if (start > 0) yield
    const end = start + PIECE_BYTES
    parser.write(read(bytes.subarray(start, end), end >= bytes.length))
  }
  parser.close()
}

/** The part of a name behind its prefix: `a:item` → `item`. */
export function localName(name: string): string {
  const colon = name.indexOf(':')
  return colon < 1 || colon === name.length - 1 ? name : name.slice(colon + 1)
}
