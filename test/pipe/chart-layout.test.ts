import assert from 'node:assert/strict'
import { test } from 'node:test'
import { layOut } from '../../src/pipe/chart-layout.js'
import { ARROWS, PIPE, stage } from './sample.js'

test('arrows are the way of a request', () => {
  const { nodes, arrows } = layOut(PIPE)
  assert.deepEqual(arrows.map(([from, to]) => `${nodes[from]!.label} > ${nodes[to]!.label}`).sort(), [...ARROWS].sort())
})

test('every node has a place of its own, and arrows lead to the next column', () => {
  const tall = {
    ...PIPE,
    stages: [stage('a', { copy: PIPE }), stage('b', { copy: PIPE }), stage('c')],
    backends: [...PIPE.backends, ...PIPE.backends]
  }
  for (const pipe of [PIPE, tall, { ...PIPE, backends: [] }, { ...PIPE, stages: [] }]) {
    const { nodes, arrows, columns, rows } = layOut(pipe)
    const places = new Set(nodes.map(({ column, row }) => `${column} ${row}`))
    assert.equal(places.size, nodes.length)
    for (const { column, row } of nodes) assert.ok(column < columns && row < rows)
    for (const [from, to] of arrows) {
      assert.equal(nodes[to]!.column, nodes[from]!.column + 1)
      assert.ok(nodes[to]!.row >= nodes[from]!.row)
    }
  }
})
