import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinExpositions } from '../../../../plugins/_shared/stats/join-expositions.js'

const page = (requests: number, rss: number): string =>
  [
    '# HELP requests_total Requests',
    '# TYPE requests_total counter',
    `requests_total{route="/a{b}\\"}"} ${requests}`,
    '# HELP duration_seconds Time',
    '# TYPE duration_seconds histogram',
    `duration_seconds_bucket{le="1"} ${requests}`,
    `duration_seconds_bucket{le="+Inf"} ${requests} # {trace_id="x"} 0.5`,
    `duration_seconds_sum ${requests / 2}`,
    `duration_seconds_count ${requests}`,
    '# HELP rss_bytes Memory',
    '# TYPE rss_bytes gauge',
    `rss_bytes ${rss}`,
    `rss_bytes{kind="heap"} ${rss / 2}`,
    ''
  ].join('\n')

test('counters and histograms are added up, gauges are told apart by their worker', () => {
  const joined = joinExpositions([
    { worker: 1, text: page(3, 100) },
    { worker: 2, text: page(5, 200) }
  ])
  assert.deepEqual(joined.split('\n'), [
    '# HELP requests_total Requests',
    '# TYPE requests_total counter',
    'requests_total{route="/a{b}\\"}"} 8',
    '# HELP duration_seconds Time',
    '# TYPE duration_seconds histogram',
    'duration_seconds_bucket{le="1"} 8',
    'duration_seconds_bucket{le="+Inf"} 8',
    'duration_seconds_sum 4',
    'duration_seconds_count 8',
    '# HELP rss_bytes Memory',
    '# TYPE rss_bytes gauge',
    'rss_bytes{worker="1"} 100',
    'rss_bytes{kind="heap",worker="1"} 50',
    'rss_bytes{worker="2"} 200',
    'rss_bytes{kind="heap",worker="2"} 100',
    ''
  ])
})

test('a series that one worker alone has is kept, and lines that say nothing are left out', () => {
  const joined = joinExpositions([
    { worker: 1, text: '# TYPE a counter\na 1\n' },
    { worker: 2, text: '# TYPE a counter\na{x="y"} 2\n# TYPE b counter\n{broken\n\n' }
  ])
  assert.equal(joined, '# TYPE a counter\na 1\na{x="y"} 2\n')
  assert.equal(joinExpositions([]), '')
})
