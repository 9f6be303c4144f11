import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSize, sizeText } from '../../src/config/size.js'

test('sizes with and without units', () => {
  const sizes: [unknown, number | undefined][] = [
    [0, 0],
    [65536, 65536],
    ['1000', 1000],
    ['1kB', 1000],
    ['512MB', 512e6],
    ['1.5 GB', 1.5e9],
    ['64KiB', 65536],
    ['256 mib', 256 * 1024 * 1024],
    ['4GiB', 4 * 1024 ** 3],
    [1.5, undefined],
    [-1, undefined],
    ['', undefined],
    ['MB', undefined],
    ['12XB', undefined],
    ['-1MB', undefined],
    [null, undefined],
    [{}, undefined]
  ]
  for (const [value, bytes] of sizes) assert.equal(parseSize(value), bytes, String(value))
})

test('writes sizes in the largest unit that loses nothing', () => {
  assert.deepEqual([0, 1500, 2048, 10485760, 1048577].map(sizeText), [
    '0 bytes',
    '1500 bytes',
    '2 KiB',
    '10 MiB',
    '1048577 bytes'
  ])
})
