/** Values of header fields are bytes, one character each; text beyond ASCII goes as UTF-8, as Go writes it. */
export function onTheWire(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text).toString('latin1')
}
