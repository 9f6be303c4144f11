import assert from 'node:assert/strict'
import { test } from 'node:test'
// @ts-expect-error JavaScript without declarations
import { Progress, timeText } from '../../../bench/peers/progress.mjs'

function written(isTTY: boolean) {
  const lines: string[] = []
  return { isTTY, write: (text: string) => lines.push(text), lines }
}

test('times are minutes and seconds', () => {
  assert.deepEqual([-1, 0, 59.4, 60, 135].map(timeText), ['0 s', '0 s', '59 s', '1 min 0 s', '2 min 15 s'])
})

test('a file gets a line for each thing, with the time that is left as measured', () => {
  const out = written(false)
  let now = 0
  const progress = new Progress(100, out, () => now)
  progress.start('a')
  now = 100_000
  progress.advance(50)
  progress.start('b')
  progress.advance(500)
  progress.start('c')
  progress.clear()
  assert.deepEqual(out.lines, [
    'bench: a, about 1 min 40 s left\n',
    'bench: b, about 1 min 40 s left\n',
    'bench: c, about 0 s left\n'
  ])
})

test('a terminal gets one line that rewrites itself, and says how to stop', () => {
  const out = written(true)
  let now = 0
  const progress = new Progress(10, out, () => now)
  progress.start('a')
  progress.advance(1) // too soon to show
  now = 2_000
  progress.advance(1)
  progress.clear()
  assert.deepEqual(out.lines, [
    '\r\x1b[K0 %  about 10 s left  a  (Ctrl-C stops)',
    '\r\x1b[K20 %  about 8 s left  a  (Ctrl-C stops)',
    '\r\x1b[K'
  ])
})
