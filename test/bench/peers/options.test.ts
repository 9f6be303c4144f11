import assert from 'node:assert/strict'
import { test } from 'node:test'
// @ts-expect-error JavaScript without declarations
import { cpuList, placementOf } from '../../../bench/peers/machine.mjs'
// @ts-expect-error JavaScript without declarations
import { turn } from '../../../bench/peers/measure.mjs'
// @ts-expect-error JavaScript without declarations
import { HelpAsked, readOptions, reportPlace, UsageError } from '../../../bench/peers/options.mjs'

const OPTIONS = {
  cases: { as: 'names', default: '', of: ['small', 'large'], all: ['small', 'large'] },
  counts: { as: 'counts', default: '1,8' },
  rounds: { as: 'count', default: '7', full: '70', text: 'rounds of each case' },
  seconds: { as: 'number', default: '1' },
  out: { as: 'text', default: 'here' }
}

test('options have defaults and are read by their kind', () => {
  assert.deepEqual(readOptions(OPTIONS, []), {
    cases: ['small', 'large'],
    counts: [1, 8],
    rounds: 7,
    seconds: 1,
    out: 'here',
    full: false,
    write: false
  })
  const read = readOptions(OPTIONS, ['--cases', 'large', '--counts=', '--rounds', '3', '--seconds', '0.5', '--out', ''])
  assert.deepEqual(read, { cases: ['large'], counts: [], rounds: 3, seconds: 0.5, out: '', full: false, write: false })
})

test('a full run has other defaults; what is given wins', () => {
  assert.equal(readOptions(OPTIONS, ['--full']).rounds, 70)
  assert.equal(readOptions(OPTIONS, ['--full', '--rounds', '2']).rounds, 2)
  assert.equal(readOptions(OPTIONS, ['--full']).seconds, 1)
})

test('a report is written where that is asked for, and nowhere else', () => {
  const place = (...args: string[]): string => reportPlace(readOptions({ out: { as: 'text', default: '' } }, args), 'usual')
  assert.deepEqual(
    [place(), place('--write'), place('--out', 'x'), place('--write', '--out', 'x'), place('--out', '')],
    ['', 'usual', 'x', 'x', '']
  )
})

test('help tells every option with its defaults', () => {
  assert.throws(
    () => readOptions(OPTIONS, ['--help'], 'what it measures'),
    (error: Error) => {
      assert.ok(error instanceof HelpAsked)
      assert.match(error.message, /^what it measures\n/)
      for (const name of [...Object.keys(OPTIONS), 'full', 'write']) assert.match(error.message, new RegExp(`^  --${name} `, 'm'))
      assert.match(error.message, /rounds of each case\. Default 7; with --full 70\./)
      return true
    }
  )
})

for (const [args, message] of [
  [['--cases', 'medium'], "--cases: 'medium' is not known; there are: small, large"],
  [['--counts', '1,0'], "--counts: '0' must be a whole number from 1"],
  [['--rounds', '0'], "--rounds: '0' must be a whole number from 1"],
  [['--rounds', '2.5'], "--rounds: '2.5' must be a whole number from 1"],
  [['--seconds', 'x'], "--seconds: 'x' must be a number above 0"],
  [['--what', '1'], "Unknown option '--what'; there are: --cases, --counts, --rounds, --seconds, --out, --full, --write, --help"]
] as const) {
  test(`${args.join(' ')} is refused in one line`, () => {
    assert.throws(
      () => readOptions(OPTIONS, [...args]),
      (error: Error) => error instanceof UsageError && error.message === message
    )
  })
}

test('rounds go forwards and backwards, each pair beginning with another', () => {
  const orders = Array.from({ length: 6 }, (_, round) => turn(3, round).join(''))
  assert.deepEqual(orders, ['012', '210', '120', '021', '201', '102'])
})

test('the one measured gets the last processor, and no other program its core where others are left', () => {
  assert.deepEqual(cpuList('0-2,5\n'), [0, 1, 2, 5])
  assert.deepEqual(placementOf([0, 1], [1]), { gateway: 1, others: [0] })
  assert.deepEqual(placementOf([0, 1, 2, 3], [1, 3]), { gateway: 3, others: [0, 2] })
  assert.deepEqual(placementOf([0, 1], [0, 1]), { gateway: 1, others: [0] })
})
