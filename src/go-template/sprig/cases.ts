/** The spellings of names that sprig has: `snake_case`, `kebab-case`, `CamelCase`. */

type Kind = 'delimiter' | 'punctuation' | 'upper' | 'lower' | 'number' | 'other' | 'end'

interface Word {
  readonly kind: Kind
  readonly text: string
}

/** An upper-case word is `First` or `HTTP`; of `HTTPStatus` the S belongs to the second word. */
const WORDS =
  /(?<delimiter>[\s_-]+)|(?<punctuation>(?:(?!_|-)\p{P})+)|(?<upper>\p{Lu}(?:\p{Lu}+(?!\p{Ll})|(?:(?!\p{Lu})\p{L})*))|(?<lower>(?:(?!\p{Lu})\p{L})+)|(?<number>\p{N}+)|(?<other>[\s\S])/gu

function wordsOf(text: string): Word[] {
  return Array.from(text.matchAll(WORDS), ({ groups, 0: word }) => ({
    kind: Object.entries(groups!).find(([, part]) => part !== undefined)![0] as Kind,
    text: word
  }))
}

const END: Word = { kind: 'end', text: '' }
/** Kinds before which no delimiter is put. */
const CLOSED: ReadonlySet<Kind> = new Set(['delimiter', 'punctuation', 'end'])

/** Writes a name in lower case with its words joined by `delimiter`: `FirstName` and `first name` are `first_name`. */
export function delimitedCase(text: string, delimiter: string): string {
  const words = wordsOf(text)
  let out = ''
  let at = 0
  const next = (): Word => words[at] ?? END
  const write = ({ kind, text: word }: Word): void => {
    out += kind === 'delimiter' ? delimiter.repeat([...word].length) : word.toLowerCase()
  }
  const separate = (): void => {
    if (!CLOSED.has(next().kind)) out += delimiter
  }
  /** Digits and lower-case letters behind digits belong to them: `2m3s`. */
  const writeNumber = (): void => {
    while (next().kind === 'lower' || next().kind === 'number') write(words[at++]!)
    separate()
  }
  while (at < words.length) {
    const word = words[at++]!
    write(word)
    if (word.kind === 'number') writeNumber()
    else if (word.kind !== 'delimiter' && word.kind !== 'punctuation') {
      if (next().kind !== 'number') separate()
      else if (words[at + 1]?.kind === 'lower') {
        // `HTTP2xx` is `http_2xx`, `Bld4Floor` is `bld4_floor`
        out += delimiter
        writeNumber()
      } else {
        write(words[at++]!)
        separate()
      }
    }
  }
  return out
}

const isDelimiter = (char: string | undefined): boolean => char !== undefined && /[\s_-]/.test(char)

/** Writes `some_words here` as `SomeWordsHere`; of several delimiters in a row all but the last stay. */
export function camelCase(text: string): string {
  const chars = [...text]
  const start = chars.findIndex(char => !isDelimiter(char))
  if (start === -1) return text
  let out = chars.slice(0, start).join('') + chars[start]!.toUpperCase()
  for (let i = start + 1; i < chars.length; i++) {
    const char = chars[i]!
    if (isDelimiter(char)) {
      if (i === chars.length - 1 || isDelimiter(chars[i + 1])) out += char
    } else out += isDelimiter(chars[i - 1]) ? char.toUpperCase() : char.toLowerCase()
  }
  return out
}
