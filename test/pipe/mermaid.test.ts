import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { mermaidAdvice, mermaidOf } from '../../src/pipe/mermaid.js'
import { ARROWS, PIPE } from './sample.js'

/** The arrows of a diagram by the labels of their nodes. */
function arrowsOf(text: string): string[] {
  const labels = new Map([...text.matchAll(/^\s*(n\d+)\W+"(.*)"\W+$/gm)].map(match => [match[1]!, match[2]!]))
  return [...text.matchAll(/(n\d+) --> (n\d+)/g)].map(match => `${labels.get(match[1]!)} > ${labels.get(match[2]!)}`)
}

describe('pipes as a diagram', () => {
  test('lead from the client through the stages to each backend, copies included', () => {
    assert.deepEqual(arrowsOf(mermaidOf([PIPE])), ARROWS)
  })

  test('give each endpoint a subgraph and each node an id of its own', () => {
    const text = mermaidOf([PIPE, { ...PIPE, path: '/y', pipe: 'passthrough', direct: true }])
    assert.deepEqual(
      [...text.matchAll(/subgraph \w+\["(.*)"\]/g)].map(match => match[1]),
      ['GET /x (aggregate)', 'GET /y (passthrough, direct)']
    )
    assert.equal(text.match(/^ {2}end$/gm)!.length, 2)
    const ids = [...text.matchAll(/^\s*(?:subgraph )?(n\d+)[[(]/gm)].map(match => match[1])
    assert.equal(new Set(ids).size, ids.length)
  })

  test('mark what holds a body', () => {
    const classes = [...mermaidOf([PIPE]).matchAll(/class n\d+ (\w+)/g)].map(match => match[1])
    assert.deepEqual(classes, ['no', 'no', 'no', 'no', 'yes', 'may', 'no', 'no'])
  })

  test('hold texts of the configuration in their quotes', () => {
    const text = mermaidOf([{ ...PIPE, path: '/"]<b>#1&', stages: [], backends: [] }])
    assert.match(text, /\["GET \/#34;\]#60;b#62;#35;1#38; \(aggregate\)"\]/)
    const odd = mermaidOf([{ ...PIPE, path: '`a`\n  n1 --> n2', stages: [], backends: [] }])
    assert.match(odd, /\["GET #96;a#96; {3}n1 --#62; n2 \(aggregate\)"\]/)
  })
})

test('a diagram that Mermaid does not draw by itself comes with what to do', () => {
  const many = (count: number): string => mermaidOf(Array.from({ length: count }, () => PIPE))
  assert.equal(mermaidAdvice(many(2)), undefined)
  assert.match(mermaidAdvice(many(400))!, /^This diagram has [\d,]+ characters and \d+ arrows\. Mermaid draws 50,000 and 500/)
  const long = mermaidOf([{ ...PIPE, path: `/${'x'.repeat(50_000)}` }])
  assert.match(mermaidAdvice(long)!, /maxTextSize/)
})
