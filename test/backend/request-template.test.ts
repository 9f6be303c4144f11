import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileTargetTemplate } from '../../src/backend/request-template.js'
import { GatewayError } from '../../src/errors.js'
import { decodeKeeping, keptText, noteKept, plainOf } from '../../src/http/kept-escapes.js'
import { copyParams } from '../../src/message/request.js'

/** Parameters as the router makes them of raw segments. */
function params(raw: Record<string, string>): Record<string, string> {
  const kept = Object.fromEntries(Object.entries(raw).map(([name, text]) => [name, decodeKeeping(text)]))
  const plain = Object.fromEntries(Object.entries(kept).map(([name, text]) => [name, plainOf(text)]))
  noteKept(plain, kept)
  return plain
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof GatewayError) return error.code
    throw error
  }
  return ''
}

test('reserved characters go up as they came', () => {
  const write = compileTargetTemplate('/u/{id}/x', '')
  for (const raw of [
    'a%3Bb;c',
    '%26&',
    '%2B+',
    '%3D=',
    '..%3B',
    '%40@',
    '%3A:',
    '%21%24%27%28%29%2A%2C',
    'a%20b',
    '%C3%A9',
    '%FF%3B'
  ])
    assert.equal(write(params({ id: raw }), ''), `/u/${raw}/x`)
  assert.equal(write(params({ id: '%3b%61%7e' }), ''), '/u/%3Ba~/x', 'RFC 3986 §6.2.2: the same in normal form')
})

test('what a plugin made of a parameter counts, in copies too', () => {
  const write = compileTargetTemplate('/u/{id}', '')
  const given = params({ id: 'a%3Bb' })
  assert.equal(write(copyParams(given), ''), '/u/a%3Bb')
  assert.equal(write({ ...given }, ''), '/u/a%3Bb')
  given.id = 'c;d e'
  assert.equal(write(given, ''), '/u/c;d%20e')
  assert.equal(keptText(given, 'id', 'c;d e'), 'c;d e')
})

test('a parameter in a query pattern stays one value; a plus stays one', () => {
  const write = compileTargetTemplate('/x?q={p}&r=1', '')
  assert.equal(write(params({ p: 'a+b' }), ''), '/x?q=a+b&r=1')
  assert.equal(write(params({ p: 'a%2Bb' }), ''), '/x?q=a%2Bb&r=1')
  assert.equal(write(params({ p: 'a&b=c;d#' }), ''), '/x?q=a%26b%3Dc%3Bd%23&r=1')
  assert.equal(write(params({ p: 'a%26b%3Dc' }), ''), '/x?q=a%26b%3Dc&r=1')
})

test('values of responses are data: a plus in them is not a blank', () => {
  const write = compileTargetTemplate('/{resp0_a}?q={resp0_a}', '')
  assert.equal(write({ resp0_a: 'a+b;c\udc3b\udc2e' }, ''), '/a+b;c%3B%EF%BF%BD?q=a%2Bb%3Bc%3B%EF%BF%BD')
})

test('parameters make no dot segment, alone or together', () => {
  const bad = (pattern: string, values: Record<string, string>): void =>
    assert.equal(
      codeOf(() => compileTargetTemplate(pattern, '')(values, '')),
      'SLUICE_ERR_CLIENT_BAD_PARAM',
      pattern
    )
  for (const id of ['.', '..', '..;', '..;x=1', '.;', 'a/..'.slice(2)]) bad('/u/{id}/x', { id })
  bad('/u/{id}', { id: '..' })
  bad('/u/{a}{b}/x', { a: '.', b: '.' })
  bad('/u/.{a}', { a: '.' })
  bad('/u/{a};x', { a: '..' })
  bad('/u/../{id}', { id: '..' })
  bad('/u/{resp0_id}/x', { resp0_id: '..' })
  for (const id of ['...', '..a', '.a', 'a..', '..%', ''])
    assert.doesNotThrow(() => compileTargetTemplate('/u/{id}', '')({ id }, ''))
  assert.equal(compileTargetTemplate('/a/../{id}', '')({ id: 'x' }, ''), '/a/../x', "the operator's own stay")
})

test('values of responses make no target over 64 KiB, in the path, in the query, or together', () => {
  const long = 'a'.repeat(40_000)
  for (const pattern of [
    '/u/{resp0_id}',
    '/u?x={resp0_id}',
    '/u/{resp0_id}/{resp1_id}',
    '/u/{resp0_id}?x={resp0_id}',
    '/u/{resp0}'
  ]) {
    const write = compileTargetTemplate(pattern, '')
    const values = { resp0_id: `${long}${long}`, resp1_id: 'b', resp0: '%'.repeat(30_000) }
    assert.equal(
      codeOf(() => write(values, '')),
      'SLUICE_ERR_UPSTREAM_PARAM',
      pattern
    )
    assert.doesNotThrow(() => write({ resp0_id: 'a', resp1_id: 'b', resp0: 'c' }, ''))
  }
  const both = compileTargetTemplate('/u/{resp0_id}?x={resp0_id}', '')
  assert.equal(
    codeOf(() => both({ resp0_id: long }, '')),
    'SLUICE_ERR_UPSTREAM_PARAM'
  )
  assert.equal(
    codeOf(() => compileTargetTemplate('/u/{resp0_id}', '')({ resp0_id: 'a' }, 'x'.repeat(70_000))),
    'SLUICE_ERR_UPSTREAM_PARAM'
  )
})
