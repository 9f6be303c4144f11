/** What the tests of `validation/json-schema` share. */

import assert from 'node:assert/strict'
import type { Verdict } from '../../../../plugins/validation/json-schema/engine/index.js'
import { type CompiledSchema, compileSchema } from '../../../../plugins/validation/json-schema/schema.js'
import { parseJsonValue } from '../../../../src/message/json/exact-json.js'

export const DRAFT_4 = 'http://json-schema.org/draft-04/schema#'
export const DRAFT_6 = 'http://json-schema.org/draft-06/schema#'
export const DRAFT_7 = 'http://json-schema.org/draft-07/schema#'
export const DRAFT_2019 = 'https://json-schema.org/draft/2019-09/schema'
export const DRAFT_2020 = 'https://json-schema.org/draft/2020-12/schema'

/** Tells whether a value fits a schema. */
export async function fits(schema: unknown, value: unknown): Promise<boolean> {
  return (await faults(schema, value)) === undefined
}

/** Returns the lines of all faults, undefined for a value that fits. What is said of the value's text is the same, where it is sure. */
export async function faults(schema: unknown, value: unknown): Promise<string | undefined> {
  const compiled = await compileSchema(schema)
  const lines = compiled.validate(value)
  agrees(compiled, lines, stringified(value))
  return lines
}

/** One that is nested too deep to be written has no text. */
function stringified(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

/** Tells whether a text fits a schema that is a text too: numbers keep all their digits. */
export async function textFits(schema: string, text: string): Promise<boolean> {
  const value = parseJsonValue(text)
  const compiled = await compileSchema(parseJsonValue(schema))
  const lines = compiled.validate(value, typeof value === 'number' ? text : undefined)
  agrees(compiled, lines, text)
  return lines === undefined
}

/**
 * Compares what the generated test says with what the checks say; returns its verdict. Where a name stands twice it may say of a value that
 * fits that it does not.
 */
export function agrees({ byteTest }: CompiledSchema, lines: string | undefined, text: string | undefined): Verdict {
  const verdict = text === undefined ? undefined : byteTest?.(Buffer.from(text))
  if (text === undefined || verdict === undefined || verdict === 'unsure') return 'unsure'
  if (verdict === 'fits' || !namesStandTwice(text)) {
    assert.equal(verdict, lines === undefined ? 'fits' : 'does not fit', text.slice(0, 1000))
  }
  return verdict
}

function namesStandTwice(text: string): boolean {
  let names = 0
  JSON.parse(text, (_, value: unknown) => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) names += Object.keys(value).length
    return value
  })
  return (text.match(/"(?:[^"\\]|\\.)*"\s*:/g)?.length ?? 0) > names
}
