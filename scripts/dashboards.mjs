#!/usr/bin/env node
// Writes the dashboards in deploy/grafana: node scripts/dashboards.mjs. One list of panels, for the names of the Prometheus exporter and for
// those that a Prometheus gives to what comes over OTLP.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../deploy/grafana/', import.meta.url))

/** Names that differ between the two. */
const NAMES = {
  prometheus: {
    lag: 'nodejs_eventloop_lag_p99_seconds',
    rss: 'process_resident_memory_bytes',
    heap: 'nodejs_heap_size_used_bytes',
    backend: 'server_address'
  },
  otlp: {
    lag: 'nodejs_eventloop_delay_p99_seconds',
    rss: 'process_memory_usage_bytes',
    heap: 'v8js_memory_heap_used_bytes',
    // over OTLP backends are told apart by their url_pattern
    backend: 'http_route'
  }
}

/** A variable of Grafana. */
const variable = name => ['$', '{', name, '}'].join('')
const OF = 'job=~"$job", instance=~"$instance"'
const ROUTE = `${OF}, http_route=~"$route"`
const quantile = (q, metric, by, matchers = OF) =>
  `histogram_quantile(${q}, sum by (le${by === '' ? '' : `, ${by}`}) (rate(${metric}_bucket{${matchers}}[$__rate_interval])))`
const rate = (metric, by, matchers = OF) =>
  `sum${by === '' ? '' : ` by (${by})`} (rate(${metric}{${matchers}}[$__rate_interval]))`
const served = variable('server_duration')

/** Rows of panels: title, unit, [expression, legend]… and what is said of it. */
const rows = names => [
  {
    title: 'What clients see',
    panels: [
      {
        title: 'Requests',
        unit: 'reqps',
        series: [[rate(`${served}_count`, 'http_response_status_code', ROUTE), '{{http_response_status_code}}']]
      },
      {
        title: 'Share of errors (5xx)',
        unit: 'percentunit',
        series: [
          [
            `${rate(`${served}_count`, '', `${ROUTE}, http_response_status_code=~"5.."`)} / ${rate(`${served}_count`, '', ROUTE)}`,
            'errors'
          ]
        ]
      },
      {
        title: 'Time of exchanges',
        unit: 's',
        series: [0.5, 0.95, 0.99].map(q => [quantile(q, served, '', ROUTE), `p${q * 100}`])
      },
      {
        title: 'Time until the first byte',
        unit: 's',
        series: [0.5, 0.95, 0.99].map(q => [quantile(q, 'sluice_http_server_first_byte_seconds', '', ROUTE), `p${q * 100}`])
      },
      {
        title: 'Requests in flight',
        unit: 'short',
        series: [[`sum by (instance) (sluice_http_server_active_requests{${OF}})`, '{{instance}}']]
      }
    ]
  },
  {
    title: 'Endpoints',
    panels: [
      {
        title: 'Requests by endpoint',
        unit: 'reqps',
        series: [[`topk(10, ${rate(`${served}_count`, 'http_route', ROUTE)})`, '{{http_route}}']]
      },
      {
        title: 'p95 by endpoint',
        unit: 's',
        series: [[`topk(10, ${quantile(0.95, served, 'http_route', ROUTE)})`, '{{http_route}}']]
      },
      {
        title: 'Errors by endpoint',
        unit: 'reqps',
        series: [
          [
            `topk(10, ${rate(`${served}_count`, 'http_route', `${ROUTE}, http_response_status_code=~"5.."`)} > 0)`,
            '{{http_route}}'
          ]
        ]
      },
      {
        title: 'Responses that lack a part',
        about: 'Aggregates of which a backend failed: 200 to the client, without X-Krakend-Completed.',
        unit: 'reqps',
        series: [[rate('krakend_proxy_duration_count', 'http_route', `${ROUTE}, complete="false"`), '{{http_route}}']]
      }
    ]
  },
  {
    title: 'Backends',
    panels: [
      {
        title: 'Calls by backend',
        unit: 'reqps',
        series: [[rate('krakend_backend_duration_count', names.backend), `{{${names.backend}}}`]]
      },
      {
        title: 'p95 by backend',
        unit: 's',
        series: [[quantile(0.95, 'krakend_backend_duration', names.backend), `{{${names.backend}}}`]]
      },
      {
        title: 'Failed calls by backend',
        unit: 'reqps',
        series: [[rate('krakend_backend_duration_count', names.backend, `${OF}, error="true"`), `{{${names.backend}}}`]]
      },
      {
        title: 'Calls without a response',
        about: 'All, and those of them that took too long. Needs `round_trip` in the backend layer.',
        unit: 'reqps',
        series: [
          [rate('http_client_request_failed_count_total', 'server_address'), '{{server_address}}'],
          [rate('http_client_request_timedout_count_total', 'server_address'), '{{server_address}} too slow']
        ]
      }
    ]
  },
  {
    title: 'Connections to backends',
    panels: [
      {
        title: 'Pools: open connections of those allowed',
        unit: 'percentunit',
        series: [
          [
            `sluice_upstream_connections{${OF}} / sluice_upstream_connections_limit{${OF}}`,
            '{{instance}} {{server_address}} {{client_settings}}'
          ]
        ]
      },
      {
        title: 'Calls under way or waiting',
        unit: 'short',
        series: [[`sum by (server_address) (sluice_upstream_pending{${OF}})`, '{{server_address}}']]
      },
      {
        title: 'Calls refused: the queue is full',
        unit: 'reqps',
        series: [[rate('sluice_upstream_refused_total', 'server_address'), '{{server_address}}']]
      },
      {
        title: 'Tunnels (WebSocket)',
        unit: 'short',
        series: [[`sum by (server_address) (sluice_upstream_tunnels{${OF}})`, '{{server_address}}']]
      }
    ]
  },
  {
    title: 'Plugins and components',
    panels: [
      {
        title: 'Own time, p95',
        unit: 's',
        series: [[`topk(10, ${quantile(0.95, 'sluice_stage_duration_seconds', 'stage')})`, '{{stage}}']]
      },
      {
        title: 'Share of all time',
        about: 'Seconds that each takes of a second.',
        unit: 'percentunit',
        series: [[`topk(10, ${rate('sluice_stage_duration_seconds_sum', 'stage')})`, '{{stage}}']]
      }
    ]
  },
  {
    title: 'The process',
    panels: [
      { title: 'Delay of the event loop, p99', unit: 's', series: [[`${names.lag}{${OF}}`, '{{instance}} {{worker}}']] },
      {
        title: 'Memory',
        unit: 'bytes',
        series: [
          [`${names.rss}{${OF}}`, 'resident {{instance}} {{worker}}'],
          [`${names.heap}{${OF}}`, 'heap {{instance}} {{worker}}']
        ]
      },
      {
        title: 'Reloads',
        unit: 'short',
        series: [[`sum by (result) (increase(sluice_reloads_total{${OF}}[$__rate_interval]))`, '{{result}}']]
      },
      {
        title: 'Certificates: days left',
        unit: 'd',
        series: [[`min by (names) (sluice_tls_certificate_not_after_seconds{${OF}} - time()) / 86400`, '{{names}}']]
      }
    ]
  }
]

const WIDTH = 24
const HEIGHT = 8
const source = { type: 'prometheus', uid: variable('source') }

function panelsOf(list) {
  const panels = []
  let y = 0
  let id = 1
  for (const { title, panels: own } of list) {
    panels.push({ id: id++, type: 'row', title, collapsed: false, gridPos: { x: 0, y: y++, w: WIDTH, h: 1 }, panels: [] })
    const w = WIDTH / (own.length % 3 === 0 || own.length === 5 ? 3 : own.length === 2 ? 2 : 4)
    own.forEach((panel, i) => {
      const perLine = WIDTH / w
      const x = (i % perLine) * w
      panels.push({
        id: id++,
        type: 'timeseries',
        title: panel.title,
        ...(panel.about === undefined ? {} : { description: panel.about }),
        datasource: source,
        gridPos: { x, y: y + Math.floor(i / perLine) * HEIGHT, w, h: HEIGHT },
        fieldConfig: { defaults: { unit: panel.unit, min: 0, custom: { fillOpacity: 10, showPoints: 'never' } }, overrides: [] },
        options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
        targets: panel.series.map(([expr, legendFormat], n) => ({
          refId: String.fromCharCode(65 + n),
          datasource: source,
          expr,
          legendFormat: legendFormat.trim(),
          range: true
        }))
      })
    })
    y += Math.ceil(own.length / (WIDTH / w)) * HEIGHT
  }
  return panels
}

const query = (name, label, text) => ({
  name,
  label,
  type: 'query',
  datasource: source,
  query: { query: text, refId: name },
  refresh: 2,
  includeAll: true,
  multi: true,
  allValue: '.*',
  current: { text: 'All', value: '$__all' },
  sort: 1
})

function dashboard(kind) {
  const values = ['http_server_duration', 'http_server_request_duration_seconds']
  return {
    uid: `sluice-${kind}`,
    title: kind === 'otlp' ? 'Sluice (OTLP)' : 'Sluice',
    description: 'Made by scripts/dashboards.mjs of Sluice.',
    tags: ['sluice'],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: 'browser',
    templating: {
      list: [
        { name: 'source', label: 'Data source', type: 'datasource', query: 'prometheus', current: {} },
        query('job', 'Job', 'label_values(sluice_http_server_active_requests, job)'),
        query('instance', 'Instance', 'label_values(sluice_http_server_active_requests{job=~"$job"}, instance)'),
        {
          name: 'server_duration',
          label: 'Semantic conventions',
          type: 'custom',
          query: values.join(','),
          options: values.map((value, i) => ({ text: value, value, selected: i === 0 })),
          current: { text: values[0], value: values[0] }
        },
        query('route', 'Endpoint', `label_values(${variable('server_duration')}_count{job=~"$job"}, http_route)`)
      ]
    },
    annotations: { list: [] },
    panels: panelsOf(rows(NAMES[kind]))
  }
}

/** The files and their texts; a test compares them with those in the folder. */
export const dashboards = Object.keys(NAMES).map(kind => ({
  file: `sluice-${kind}.json`,
  text: `${JSON.stringify(dashboard(kind), null, 2)}\n`
}))

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { file, text } of dashboards) writeFileSync(FOLDER + file, text)
}
