import { ServerResponse } from 'node:http'

/** Fields that node:http reads: by them it decides how a response is delimited and whether its connection lives on. */
export const READ_BY_NODE: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'trailer',
  'transfer-encoding'
])

type StoreHeader = (this: ServerResponse, firstLine: string, fields: unknown) => void

/** Where node:http joins a head. Not public; {@link TextResponse.writeLines} notices when it is no longer called. */
const storeHeader = (ServerResponse.prototype as unknown as { _storeHeader: StoreHeader })._storeHeader

/** A response that takes the lines of its head as text, but for the fields that node:http reads: node:http looks at each field three times. */
export class TextResponse extends ServerResponse {
  /** Undefined = none, or node:http has them. */
  private lines: string | undefined = undefined

  /**
   * Writes the head: the lines, then the fields.
   * @param lines `Name: value\r\n` each, of fields that are legal and none of {@link READ_BY_NODE}
   * @param read the other fields, name and value alternating
   * @throws as `writeHead`; nothing was sent then
   */
  writeLines(status: number, reason: string, lines: string, read: readonly string[]): void {
    this.lines = lines
    try {
      this.writeHead(status, reason, read as unknown as [])
      if (this.lines !== undefined) throw new TypeError('this version of Node.js makes heads of responses in another way')
    } finally {
      this.lines = undefined
    }
  }

  /** Called by `writeHead`. */
  _storeHeader(firstLine: string, fields: unknown): void {
    const { lines } = this
    this.lines = undefined
    storeHeader.call(this, lines === undefined ? firstLine : firstLine + lines, fields)
  }
}
