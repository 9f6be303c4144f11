/** Texts from this length on are linked by V8, not copied, when they are joined. */
const LONG = 512

/**
 * Joins texts. Where parts of a document are joined at each level of its nesting, no part is copied at more than a few levels: the work is
 * linear in the size of the document.
 */
export function joinTexts(texts: readonly string[], separator: string): string {
  let out = ''
  let start = 0
  for (let i = 0; i < texts.length; i++) {
    if (texts[i]!.length < LONG) continue
    if (start < i) out += texts.slice(start, i).join(separator) + separator
    out += texts[i]!
    if (i < texts.length - 1) out += separator
    start = i + 1
  }
  return start === 0 ? texts.join(separator) : out + texts.slice(start).join(separator)
}

/** Texts that are joined while they come, so that a long list is not joined in one long step. */
export class JoinedTexts {
  private readonly separator: string
  private readonly pending: string[] = []
  private joined = ''
  private hasJoined = false

  constructor(separator: string) {
    this.separator = separator
  }

  add(text: string): void {
    if (this.pending.push(text) === AT_ONCE) this.join()
  }

  finish(): string {
    if (this.pending.length > 0) this.join()
    return this.joined
  }

  private join(): void {
    const text = joinTexts(this.pending, this.separator)
    this.joined = this.hasJoined ? `${this.joined}${this.separator}${text}` : text
    this.hasJoined = true
    this.pending.length = 0
  }
}
const AT_ONCE = 1024
