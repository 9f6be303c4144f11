/** Says what is wrong with a text that is no JSON: what is missing or too much, and where. */

import { type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'

/** The first fault of a text. */
export interface JsonFault {
  readonly offset: number
  readonly message: string
  readonly suggestion?: string
}

/** Finds the first fault. `cause` is what `JSON.parse` threw for the text. */
export function findJsonFault(text: string, cause: Error): JsonFault {
  const errors: ParseError[] = []
  try {
    parseTree(text, errors, { disallowComments: true, allowTrailingComma: false })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { offset: Number(/position (\d+)/.exec(cause.message)?.[1] ?? 0), message: 'the document is nested too deeply' }
  }
  const first = errors[0]
  const offset = first?.offset ?? Number(/position (\d+)/.exec(cause.message)?.[1] ?? text.length)
  return nameFault(text, offset, first && printParseErrorCode(first.error)) ?? unexpected(text, offset, cause)
}

/** A fault that has a name; undefined for a character that is merely wrong. */
function nameFault(text: string, offset: number, code: string | undefined): JsonFault | undefined {
  const rest = text.slice(offset)
  const near = text.slice(0, offset).trimEnd().slice(-1)
  const sign = [...rest][0] ?? ''
  if (rest.startsWith('//') || rest.startsWith('/*')) {
    const message = `invalid character '/' in JSON`
    return { offset, message, suggestion: 'JSON has no comments; put notes into keys that start with @ $ _ #' }
  }
  if (rest.trim() === '') return endOfText(text, code)
  if (near === ',' && /^[}\]]/.test(rest))
    return { offset, message: `a trailing comma before '${sign}'`, suggestion: 'remove the comma before it' }
  switch (code) {
    case 'CommaExpected': {
      if (sign === '}' || sign === ']') return bracketMissing(offset, sign)
      const touches = /[\w.]/.test(sign) && /[\w.]/.test(text[offset - 1] ?? '')
      if (touches) return undefined
      return { offset, message: `a comma is missing before '${sign}'`, suggestion: 'put one behind the value before it' }
    }
    case 'ColonExpected':
      return { offset, message: `a colon is missing before '${sign}'`, suggestion: 'a key and its value are parted by `:`' }
    case 'UnexpectedEndOfString':
      return {
        offset,
        message: 'the closing quote of this text is missing',
        suggestion: 'a text ends on the line on which it begins'
      }
    case 'ValueExpected':
      return /^[}\],]/.test(rest) ? { offset, message: `a value is missing before '${sign}'` } : undefined
    case 'PropertyNameExpected':
      return sign === ',' ? { offset, message: 'a comma too many', suggestion: 'remove it' } : undefined
    case 'InvalidSymbol':
      return unquoted(offset, rest, near)
    case 'EndOfFileExpected':
      return { offset, message: `'${sign}' stands behind the end of the document`, suggestion: 'is a bracket closed too early?' }
    default:
      return undefined
  }
}

function bracketMissing(offset: number, sign: string): JsonFault {
  const wanted = sign === '}' ? ']' : '}'
  return { offset, message: `a closing '${wanted}' is missing before '${sign}'` }
}

function endOfText(text: string, code: string | undefined): JsonFault {
  const offset = text.trimEnd().length
  const sign = code === 'CloseBraceExpected' ? '}' : code === 'CloseBracketExpected' ? ']' : undefined
  const missing = sign === undefined ? '' : `: a closing '${sign}' is missing`
  return { offset, message: `unexpected end of JSON input${missing}` }
}

/** Quotes that are missing, or of the wrong kind, around a key or a text. */
function unquoted(offset: number, rest: string, near: string): JsonFault | undefined {
  if (rest.startsWith("'")) return { offset, message: 'single quotes', suggestion: 'keys and texts stand in double quotes' }
  const word = /^[A-Za-z_][\w-]*/.exec(rest)?.[0]
  if (word === undefined || !'{,:['.includes(near) || near === '') return undefined
  const suggestion = `write "${word}"`
  return { offset, message: `the quotes around '${word}' are missing`, suggestion }
}

function unexpected(text: string, offset: number, cause: Error): JsonFault {
  const token = /^Unexpected token '(.+?)'/u.exec(cause.message)?.[1] ?? [...text.slice(offset)][0]
  return { offset, message: `invalid character '${token}' in JSON` }
}
