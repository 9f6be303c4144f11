import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { dotOf } from '../../src/pipe/dot.js'
import { ARROWS, PIPE, stage } from './sample.js'

/** Statements of nodes and arrows, as the language has them; anything else is a fault of the test. */
function read(text: string) {
  const string = '"((?:[^"\\\\]|\\\\.)*)"'
  const labels = new Map<string, string>()
  const arrows: string[] = []
  const clusters: string[] = []
  for (const line of text.split('\n').slice(5, -2)) {
    const node = new RegExp(`^ {4}(n\\d+) \\[label=${string}(?:, \\w+=(?:${string}|[\\w.]+))*\\];$`).exec(line)
    const arrow = /^ {4}(n\d+) -> (n\d+);$/.exec(line)
    const label = new RegExp(`^ {4}label=${string};$`).exec(line)
    if (node) labels.set(node[1]!, node[2]!)
    else if (arrow) arrows.push(`${labels.get(arrow[1]!)} > ${labels.get(arrow[2]!)}`)
    else if (label) clusters.push(label[1]!)
    else assert.match(line, /^ {2}(?:subgraph cluster_\d+ \{|\})$/)
  }
  return { labels: [...labels.values()], arrows, clusters }
}

describe('pipes as a graph', () => {
  test('lead from the client through the stages to each backend, copies included', () => {
    assert.deepEqual(read(dotOf([PIPE])).arrows, ARROWS)
  })

  test('give each endpoint a cluster, and each node an id of its own', () => {
    const { clusters, labels } = read(dotOf([PIPE, { ...PIPE, path: '/y', pipe: 'passthrough', direct: true }]))
    assert.deepEqual(clusters, ['GET /x (aggregate)', 'GET /y (passthrough, direct)'])
    assert.equal(labels.length, 24)
  })

  test('are coloured by what they hold', () => {
    const text = dotOf([PIPE])
    const lineOf = (label: string): string => text.split('\n').find(line => line.includes(`label="${label}"`))!
    assert.match(lineOf('render'), /fillcolor="#fddcb5".*penwidth=2\.5/)
    assert.match(lineOf('cache'), /fillcolor="#fff3c4".*dashed/)
    assert.match(lineOf('cors'), /fillcolor="#ddeefb"/)
    assert.match(lineOf('render'), /tooltip="p: all of it"/)
  })

  test('no name ends its string', () => {
    const names = ['a"b', 'a\\', 'a\\"];\nevil [x="', '<b>', '\u0000']
    const { labels } = read(dotOf([{ ...PIPE, stages: names.map(name => stage(name)) }]))
    assert.deepEqual(labels.slice(1, 6), ['a\\"b', 'a\\\\', 'a\\\\\\"]; evil [x=\\"', '<b>', ' '])
  })
})
