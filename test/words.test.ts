/**
 * The rule for words: comments, documents and descriptions in schemas are read by people whose English is plain. The test knows
 * words that say less than their neighbours, and counts the words of sentences.
 */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { CORE_NAMESPACES } from '../src/config/namespaces.js'
import { loadComponents } from '../src/plugin/load/shipped.js'
import { ROOT } from './docs/pages.js'

/** What is not said, and what is said in its place. */
const NOT_SAID: readonly (readonly [words: RegExp, instead: string])[] = [
  [/\b(?:nobody|somebody|whoever|anybody)(?:'s)?\b/i, 'the actor: client, upstream, plugin, operator'],
  [/\bdear(?:er|est|ly)?\b/i, 'expensive'],
  [/\bborne\b/i, 'allowed'],
  [/\bkeeps the time\b/i, 'measures'],
  [/\bof the system\b/i, 'native, or the operating system'],
  [/\bby the port\b/i, 'on the port'],
  [/\bhosted\b/i, 'hasStages'],
  [/\bforeign\b/i, 'whose it is: of the plugin, of the upstream'],
  [/(?:^|[.;] )Answers\b/, 'Returns, for values; responds, for HTTP'],
  [/\banswers (?:whether|what|undefined|true|false|a promise)\b/, 'returns, for values'],
  [/\b(?:[1-5]\d\d|partial|stored|static) answers?\b/i, 'response, for HTTP']
]

/** Names of types and files that say less than those that took their place. */
const OLD_NAMES = /\b(?:class|interface|type) (?:Handling|Served|Answering|Through|Pending|Waiting)\b/

/** Longest sentence, in words. */
const MOST_WORDS = 25

const tracked = execFileSync('git', ['-c', 'safe.directory=*', 'ls-files'], { cwd: ROOT, encoding: 'utf8' }).split('\n')
const code = tracked.filter(file => /^(?:(?:src|plugins)\/.*\.ts|(?:bench|scripts)\/.*\.mjs)$/.test(file))
const documents = tracked.filter(file =>
  /^(?:[A-Z]+\.md|docs\/.*\.md|(?:src|plugins|bench)\/.*\.md|examples\/.*\.md)$/.test(file)
)
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')

/** The comments of a file of code, without their marks. */
function commentsOf(text: string): string[] {
  const marks = /^[ \t]*\/\*\*?([\s\S]*?)\*\/|(?:^|[ \t])\/\/ (.*)$/gm
  return [...text.matchAll(marks)].map(match => (match[1] ?? match[2])!.replace(/^\s*\* ?/gm, ''))
}

/** The prose of a document: no code, no tables, no links' targets. */
function proseOf(text: string): string[] {
  return text
    .replace(/^```[\s\S]*?^```/gm, '')
    .split(/\n\s*\n/)
    .filter(block => !block.trimStart().startsWith('|'))
    .map(block => block.replace(/\]\([^)]*\)/g, ']'))
}

/** Words in code spans and links are names: they count as one word and may be any. */
function plain(text: string): string {
  return text
    .replace(/```[\s\S]*?```/g, '')
    .replace(/`[^`]*`/g, 'x')
    .replace(/\{@link [^}]*\}/g, 'x')
}

function sentencesOf(text: string): string[] {
  return plain(text)
    .split(/(?<=[.;:!?)])\s+|\n\s*\n|\n\s*(?:[-*@]|\d+\.)\s?/)
    .map(sentence => sentence.trim())
}

interface Passage {
  readonly where: string
  readonly text: string
}

function descriptionsIn(value: unknown, where: string): Passage[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    (key === 'description' || key === 'about') && typeof inner === 'string'
      ? [{ where, text: inner }]
      : descriptionsIn(inner, `${where}/${key}`)
  )
}

/** The messages in a file of code: texts in quotes that hold a space. */
function messagesOf(text: string): string[] {
  const bare = text.replace(/^[ \t]*\/\*[\s\S]*?\*\/|(?:^|[ \t])\/\/ .*$/gm, '')
  return [...bare.matchAll(/'((?:[^'\\\n]|\\.)* (?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)* (?:[^`\\]|\\.)*)`/g)].map(
    match => match[1] ?? match[2]!.replace(/\$\{[^}]*\}/g, 'x')
  )
}

const passages: Passage[] = [
  ...code.flatMap(where => messagesOf(read(where)).map(text => ({ where, text }))),
  ...code.flatMap(where => commentsOf(read(where)).map(text => ({ where, text }))),
  ...documents.flatMap(where => proseOf(read(where)).map(text => ({ where, text }))),
  ...[...(await loadComponents()).registry.values()].flatMap(component => descriptionsIn(component.schema, component.namespace)),
  ...descriptionsIn(CORE_NAMESPACES, 'src/config/namespaces.ts'),
  ...descriptionsIn(JSON.parse(read('schema/sluice.schema.json')), 'schema/sluice.schema.json')
]

function faultsIn({ where, text }: Passage): string[] {
  const said = plain(text).trim()
  return NOT_SAID.flatMap(([words, instead]) => {
    const found = words.exec(said)
    return found === null ? [] : [`${where}: "${found[0]}": ${instead}`]
  })
}

test('comments, messages, documents and schemas say who does what', () => {
  assert.ok(passages.length > 3000, 'the passages are found')
  assert.equal(passages.flatMap(faultsIn).join('\n'), '')
})

test('each of the words is found where it comes back', () => {
  const samples = [
    "what has left it is nobody's",
    'a dearer call',
    'Failures that are borne',
    'who keeps the time',
    'sockets of the system',
    'by the port',
    'hosted endpoints',
    'a foreign value',
    'Answers why it is so',
    'it answers whether it is so',
    'a 404 answer'
  ]
  assert.deepEqual(
    samples.map(text => faultsIn({ where: '', text }).length),
    NOT_SAID.map(() => 1)
  )
})

test('types have the names of the plan', () => {
  assert.deepEqual(
    code.filter(file => OLD_NAMES.test(read(file))),
    []
  )
})

test(`a sentence of a comment has ${MOST_WORDS} words at most`, () => {
  const long = code
    .flatMap(where => commentsOf(read(where)).map(text => ({ where, text })))
    .flatMap(({ where, text }) => sentencesOf(text).map(sentence => ({ where, sentence })))
    .filter(({ sentence }) => sentence.split(/\s+/).length > MOST_WORDS)
    .map(({ where, sentence }) => `${where}: ${sentence.replace(/\s+/g, ' ')}`)
  assert.equal(long.join('\n'), '')
})
