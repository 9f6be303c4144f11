/** The border of strings: a Lua string is a JavaScript string with one char (0–255) for each byte. */

/** True when every char is ASCII, so that bytes and text are the same. */
export function isAscii(text: string): boolean {
  // a loop over a short text is cheaper than the call of a regular expression
  if (text.length > SHORT) return !/[^\x00-\x7f]/.test(text)
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}
const SHORT = 24

/** A JavaScript text as Lua string: its UTF-8 bytes. */
export function textToLua(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}

/** A Lua string as JavaScript text. Bytes that are no UTF-8 become U+FFFD. */
export function luaToText(value: string): string {
  return isAscii(value) ? value : Buffer.from(value, 'latin1').toString('utf8')
}

/** Bytes as Lua string. */
export function bufferToLua(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** The bytes of a Lua string. */
export function luaToBuffer(value: string): Buffer {
  return Buffer.from(value, 'latin1')
}
