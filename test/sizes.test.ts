/** Files and functions stay small enough to be read at once. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { ROOT } from './docs/pages.js'

const MOST_LINES = 300
const MOST_PARAMETERS = 5

const files = execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', 'src', 'plugins'], { cwd: ROOT, encoding: 'utf8' })
  .split('\n')
  .filter(file => file.endsWith('.ts'))
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')

test(`a file has ${MOST_LINES} lines at most, or says in its first comment why it has more`, () => {
  const long = files.filter(file => {
    const text = read(file)
    const [first = ''] = text.split('*/')
    return text.split('\n').length - 1 > MOST_LINES && !/\bOver 300 lines: \w/.test(first)
  })
  assert.deepEqual(long, [])
})

/** The parts of `text` between commas that stand in no bracket, string or comment. */
function partsOf(text: string): string[] {
  const plain = text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/=>/g, '  ')
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let at = 0; at < plain.length; at++) {
    const char = plain[at]!
    if ('([{<'.includes(char)) depth++
    else if (')]}>'.includes(char)) depth--
    else if (char === ',' && depth === 0) {
      parts.push(plain.slice(start, at))
      start = at + 1
    }
  }
  return [...parts, plain.slice(start)].filter(part => part.trim() !== '')
}

/** The text between a bracket and the one that closes it. */
function inBrackets(text: string, open: number): string {
  let depth = 0
  for (let at = open; at < text.length; at++) {
    if (text[at] === '(') depth++
    else if (text[at] === ')' && --depth === 0) return text.slice(open + 1, at)
  }
  return ''
}

/** Declarations of functions and methods: a name, perhaps type parameters, and a bracket at the start of a line. */
const DECLARATION =
  /^[ \t]*(?:export |default |private |protected |public |static |override |abstract |async |function\*? |get |set |\*)*(?<name>constructor|[A-Za-z_$#][\w$]*)(?:<[^(]*>)?\(/gm
const NO_DECLARATION = new Set([
  'if',
  'for',
  'while',
  'switch',
  'return',
  'super',
  'catch',
  'await',
  'throw',
  'void',
  'typeof',
  'new'
])

/** Names of functions in `text` that have more parameters than `most`. */
function manyParameters(text: string, most: number): string[] {
  const found: string[] = []
  for (const match of text.matchAll(DECLARATION)) {
    const name = match.groups!.name!
    if (NO_DECLARATION.has(name)) continue
    const open = match.index + match[0].length - 1
    const inner = inBrackets(text, open)
    const after = text.slice(open + inner.length + 2, open + inner.length + 40)
    if (!/^\s*(?::|\{)/.test(after)) continue // a call
    if (partsOf(inner).length > most) found.push(name)
  }
  return found
}

test(`a function has ${MOST_PARAMETERS} parameters at most`, () => {
  const many = files.flatMap(file => manyParameters(read(file), MOST_PARAMETERS).map(name => `${file}: ${name}`))
  assert.deepEqual(many, [])
})

test('functions with many parameters are found', () => {
  const samples = [
    'export function f(a: A, b: Map<string, number>, c: (x: X, y: Y) => void): void {}',
    'class C {\n  constructor(a: A, b: B, c: C) {}\n  private m<T>(\n    a: A,\n    b: B,\n    c?: T\n  ): void {}\n}'
  ]
  assert.deepEqual(
    samples.flatMap(text => manyParameters(text, 2)),
    ['f', 'constructor', 'm']
  )
  assert.deepEqual(
    samples.flatMap(text => manyParameters(text, 3)),
    []
  )
  assert.deepEqual(manyParameters('  call(a, b, c)\n', 2), [])
})
