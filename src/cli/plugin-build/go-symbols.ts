/** What a package of Go declares, as far as plugins need it: enough of Go's lexer to tell code from comments and texts. */

/** The symbols that KrakenD looks for. */
export const REGISTERERS = ['HandlerRegisterer', 'ClientRegisterer', 'ModifierRegisterer'] as const
export type Registerer = (typeof REGISTERERS)[number]

/** What one file declares at package level. */
export interface GoSymbols {
  /** Names of variables. */
  readonly variables: ReadonlySet<string>
  readonly hasMain: boolean
  /** Line of `import "C"`; 0 = none. */
  readonly cgoLine: number
}

interface Token {
  readonly text: string
  readonly line: number
}

const SPACE = /[ \t\r]+/y
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y
const STRING = /"(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\\n])*'/y
const WORD = /[\p{L}_][\p{L}\p{Nd}_]*/uy

/** Reads a source file. Never throws: what is no Go is the compiler's to tell. */
export function symbolsOf(source: string): GoSymbols {
  const tokens = tokensOf(source)
  const variables = new Set<string>()
  let hasMain = false
  let cgoLine = 0
  let depth = 0
  for (let i = 0; i < tokens.length; i++) {
    const { text, line } = tokens[i]!
    if (depth === 0 && startsStatement(tokens, i)) {
      if (text === 'var') for (const name of namesFrom(tokens, i + 1)) variables.add(name)
      else if (text === 'func') hasMain ||= tokens[i + 1]?.text === 'main' && tokens[i + 2]?.text === '('
      else if (text === 'import') cgoLine ||= importsC(tokens, i + 1, line)
    }
    if (OPENING.has(text)) depth++
    else if (CLOSING.has(text)) depth--
  }
  return { variables, hasMain, cgoLine }
}

const OPENING: ReadonlySet<string> = new Set(['{', '(', '['])
const CLOSING: ReadonlySet<string> = new Set(['}', ')', ']'])

const startsStatement = (tokens: readonly Token[], at: number): boolean => at === 0 || isEnd(tokens[at - 1]!.text)

const isEnd = (text: string): boolean => text === '\n' || text === ';'

function tokensOf(source: string): Token[] {
  const tokens: Token[] = []
  let line = 1
  let at = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(source)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  while (at < source.length) {
    if (take(SPACE) !== undefined) continue
    const comment = take(COMMENT)
    if (comment !== undefined) {
      const lines = comment.split('\n').length - 1
      line += lines
      if (lines > 0) tokens.push({ text: '\n', line })
      continue
    }
    const text = take(STRING) ?? take(WORD) ?? source[at++]!
    tokens.push({ text, line })
    line += text.split('\n').length - 1
  }
  return tokens
}

/** The names that a declaration declares: of one line, or of all in its brackets. */
function namesFrom(tokens: readonly Token[], start: number): string[] {
  if (tokens[start]?.text !== '(') return specNames(tokens, start)
  const names: string[] = []
  let depth = 0
  for (let i = start; i < tokens.length; i++) {
    const { text } = tokens[i]!
    if (depth === 1 && (i === start + 1 || isEnd(tokens[i - 1]!.text))) names.push(...specNames(tokens, i))
    if (OPENING.has(text)) depth++
    else if (CLOSING.has(text) && --depth === 0) break
  }
  return names
}

/** `A, B T = …` → A, B */
function specNames(tokens: readonly Token[], start: number): string[] {
  const names: string[] = []
  for (let i = start; i < tokens.length; i += 2) {
    const { text } = tokens[i]!
    if (!/^[\p{L}_]/u.test(text)) break
    names.push(text)
    if (tokens[i + 1]?.text !== ',') break
  }
  return names
}

/** Returns the line of "C" in an import; 0 = it is not there. */
function importsC(tokens: readonly Token[], start: number, line: number): number {
  if (tokens[start]?.text !== '(') return tokens[start]?.text === '"C"' ? line : 0
  for (let i = start; i < tokens.length && tokens[i]!.text !== ')'; i++) if (tokens[i]!.text === '"C"') return tokens[i]!.line
  return 0
}
