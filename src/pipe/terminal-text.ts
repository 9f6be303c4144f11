/** Texts of a configuration in lines of a terminal. */

import { spellHidden } from './spell-hidden.js'

/** Least columns that a text has. */
export const LEAST_TEXT = 12

/** No text of a configuration steers the terminal. */
export function plain(text: string): string {
  return spellHidden(text).replace(/[\x00-\x1f\x7f-\x9f]/g, c => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** Breaks a text at blanks, and words that are too long anywhere. No line for ''. */
export function wrapped(text: string, width: number): string[] {
  if (text === '') return []
  if (text.length <= width) return [text]
  const most = Math.max(LEAST_TEXT, width)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').flatMap(word => pieces(word, most))) {
    if (line !== '' && line.length + 1 + word.length > most) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function pieces(word: string, most: number): string[] {
  const all: string[] = []
  for (let at = 0; at === 0 || at < word.length; at += most) all.push(word.slice(at, at + most))
  return all
}
