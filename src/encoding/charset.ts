/**
 * Reads the bytes of an XML document as text, piece by piece.
 *
 * The charset is that of the byte order mark, else of the XML declaration, else of the Content-Type, else UTF-8. Labels mean what the WHATWG
 * Encoding standard says, as in KrakenD: `iso-8859-1` and `us-ascii` are windows-1252.
 */

import { TextDecoder } from 'node:util'
import { decodeError } from './decode-error.js'

/** Returns the text of the next bytes; `last` ends the document. @throws GatewayError SLUICE_ERR_UPSTREAM_DECODE */
export type TextReader = (bytes: Buffer, last: boolean) => string

/**
 * Chooses the reader of one document.
 * @param bytes the document, or at least its beginning
 * @param contentType the upstream's Content-Type, '' when absent
 * @throws GatewayError SLUICE_ERR_UPSTREAM_DECODE for a charset that the platform does not know
 */
export function createTextReader(bytes: Buffer, contentType: string): TextReader {
  const label = labelOf(bytes, contentType)
  const decoder = decoderOf(label)
  if (decoder.encoding === 'windows-1252') return readWindows1252
  return (piece, last) => {
    try {
      return decoder.decode(piece, { stream: !last })
    } catch (cause) {
      throw notReadable(label, cause)
    }
  }
}

const DECLARED = /^<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]+)["']/
const CHARSET = /;\s*charset\s*=\s*"?([^\s";]+)/i
/** Bytes in which the XML declaration is looked for. */
const DECLARATION_BYTES = 256

function labelOf(bytes: Buffer, contentType: string): string {
  return (
    utfOf(bytes) ??
    DECLARED.exec(bytes.toString('latin1', 0, DECLARATION_BYTES))?.[1] ??
    CHARSET.exec(contentType)?.[1] ??
    'utf-8'
  )
}

/** Tells UTF by the byte order mark, and UTF-16 also by the zero bytes around the first `<` (XML 1.0 appendix F). */
function utfOf(bytes: Buffer): string | undefined {
  const [first, second, third] = bytes
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8'
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c)) return 'utf-16be'
  if ((first === 0xff && second === 0xfe) || (first === 0x3c && second === 0)) return 'utf-16le'
  return undefined
}

function decoderOf(label: string): TextDecoder {
  try {
    return new TextDecoder(label, { fatal: true })
  } catch (cause) {
    throw notReadable(label, cause)
  }
}

const notReadable = (label: string, cause: unknown): Error =>
  decodeError('XML', `not readable as charset ${label.toLowerCase()}`, cause)

/** What bytes 80 to 9F mean in windows-1252; the TextDecoder of some Node.js versions takes them for control characters. */
const UPPER = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'
const CONTROLS = /[\u0080-\u009f]/g

const readWindows1252: TextReader = bytes => bytes.toString('latin1').replace(CONTROLS, char => UPPER[char.charCodeAt(0) - 0x80]!)
