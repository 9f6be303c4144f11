import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ToldLines } from '../../../src/plugin/run/told-lines.js'
import type { Logger } from '../../../src/plugin/types.js'

function lines(): { told: ToldLines; text: string[] } {
  const text: string[] = []
  const take =
    (level: string) =>
    (...values: unknown[]): void =>
      void text.push(`${level} ${values.join(' ')}`)
  const logger: Logger = {
    debug: take('debug'),
    info: take('info'),
    warning: take('warning'),
    error: take('error'),
    critical: take('critical'),
    fatal: take('fatal')
  }
  return { told: new ToldLines(logger), text }
}

test('of a cause the first twenty lines are told, the number of the others at the end', () => {
  const { told, text } = lines()
  for (let i = 0; i < 10_000; i++) told.tell('warning', 'no exporter', `place ${i}`)
  for (let i = 0; i < 20; i++) told.tell('error', 'no exporter', `place ${i}`)
  assert.equal(text.length, 40)
  told.end()
  assert.deepEqual(text.slice(40), ['warning and 9980 places more: no exporter'])
  told.end()
  assert.equal(text.length, 41)
})

test('causes beyond a hundred share one count', () => {
  const { told, text } = lines()
  for (let i = 0; i < 10_000; i++) told.tell('error', `cause ${i}`, `place ${i}`)
  told.end()
  assert.equal(text.length, 100 + 20 + 1)
  assert.equal(text.at(-1), 'error and 9880 places more: other causes')
})
