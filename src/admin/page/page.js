// The script of the status page: takes the status as events, and writes what has changed into tables. Over 300 lines: the columns of all tables
// stand here.

import { Connection } from './connection.js'
import { amount, bytes, count, duration, ms, percent, rate, visible, words } from './format.js'
import { element, Table, write } from './table.js'

const byId = id => document.getElementById(id)

const number = (head, cell, tone) => ({ head, cell, kind: 'number', tone })
const plain = (head, cell) => ({ head, cell })
const text = (head, cell) => ({ head, cell, kind: 'text' })
const badAbove = cell => row => (cell(row) > 0 ? 'bad' : undefined)
const failures = (head, name) =>
  number(
    head,
    row => count(row[name]),
    badAbove(row => row[name])
  )
const latencies = [
  number('p50, ms', row => ms(row.p50_ms)),
  number('p95, ms', row => ms(row.p95_ms)),
  number('p99, ms', row => ms(row.p99_ms))
]
const slowest = ['p99_ms', 'slowest']

const endpointName = ({ method, path }) => `${method} ${path}`

/** What is known of pipes that were opened, by the name of their endpoint. */
const pipes = new Map()
const open = new Set()

function pipeButton(row) {
  const name = endpointName(row)
  const button = element('button', { type: 'button' })
  write(button, name)
  button.setAttribute('aria-expanded', String(open.has(name)))
  button.addEventListener('click', () => {
    if (!open.delete(name)) open.add(name)
    button.setAttribute('aria-expanded', String(open.has(name)))
    if (open.has(name) && !pipes.has(name)) loadPipe(name)
    tables.endpoints.draw(false)
  })
  return button
}

async function loadPipe(name) {
  pipes.set(name, element('p', { textContent: 'Loading …' }))
  try {
    const response = await fetch(`pipe.json?endpoint=${encodeURIComponent(name)}`)
    if (!response.ok) throw new Error(`the gateway says ${response.status}`)
    const whole = element('p', {}, element('bdi', { textContent: visible(name) }))
    pipes.set(name, element('div', {}, whole, stageList(await response.json())))
  } catch (error) {
    pipes.set(name, element('p', { className: 'bad', textContent: `The pipe cannot be shown: ${error.message}` }))
  }
  tables.endpoints.draw(false)
}

function pipeBelow(row, made) {
  const name = endpointName(row)
  if (!open.has(name)) return undefined
  const shown = pipes.get(name)
  if (made.shown !== shown) {
    made.shown = shown
    made.below = element('tr', { className: 'pipe' }, element('td', { colSpan: made.cells.length }, shown ?? ''))
  }
  return made.below
}

function stageList(tree) {
  const items = tree.stages.map(stage => {
    const item = element('li', {}, `${stage.place} `, element('strong', { textContent: visible(stage.name) }), ' ')
    if (stage.holdsBody !== 'no') {
      const says = stage.holdsBody === 'yes' ? 'holds a body' : 'may hold a body'
      item.append(element('span', { className: stage.holdsBody === 'yes' ? 'tag holds' : 'tag', textContent: says }))
    }
    if (stage.note !== undefined) item.append(` ${visible(stage.note)}`)
    if (stage.copy !== undefined) item.append(stageList(stage.copy))
    return item
  })
  const backends = tree.backends.map(({ method, target, stages }) =>
    element('li', {}, visible(`${method} ${target}`), stageList({ stages, backends: [] }))
  )
  return element('ol', {}, ...items, ...backends)
}

function holdsText({ holds = [], may_hold: may = [] }) {
  if (holds.length > 0) return holds.join(', ')
  return may.length > 0 ? `may: ${may.join(', ')}` : 'nothing'
}

const tables = {
  workers: new Table(byId('worker-table'), {
    label: 'workers',
    caption: 'One process each',
    nameOf: row => String(row.worker),
    columns: [
      plain('Worker', row => row.worker),
      plain('Process', row => row.pid),
      { head: 'State', cell: row => (row.ready ? 'ready' : 'not ready'), tone: row => (row.ready ? 'good' : 'warn') },
      plain('Running for', row => duration(row.uptime_seconds)),
      number('In flight', row => count(row.in_flight)),
      number('Per second', row => rate(row.per_second)),
      number('Requests', row => count(row.requests)),
      number('Memory', row => bytes(row.rss_bytes)),
      number('Heap', row => bytes(row.heap_used_bytes)),
      number(
        'Delay p99, ms',
        row => ms(row.event_loop_delay_p99_ms),
        row => (row.event_loop_delay_p99_ms > 100 ? 'warn' : undefined)
      ),
      number('Busy', row => percent(row.event_loop_utilization))
    ]
  }),
  endpoints: new Table(byId('endpoint-table'), {
    label: 'endpoints',
    caption: 'Requests since the start',
    nameOf: endpointName,
    isLong: true,
    orders: [['per_second', 'most requests'], ['server_errors', 'most errors'], slowest],
    detail: pipeBelow,
    columns: [
      { head: 'Endpoint', node: pipeButton },
      number('Per second', row => rate(row.per_second)),
      number('Requests', row => count(row.requests)),
      number('4xx', row => count(row.client_errors)),
      failures('5xx', 'server_errors'),
      number(
        'Incomplete',
        row => count(row.incomplete),
        row => (row.incomplete > 0 ? 'warn' : undefined)
      ),
      number('Aborted', row => count(row.aborted)),
      ...latencies,
      plain('Pipe', row => `${row.pipe ?? ''}${row.direct ? ', direct' : ''}`),
      plain('Holds bodies', holdsText)
    ]
  }),
  backends: new Table(byId('backend-table'), {
    label: 'backends',
    caption: 'Calls of each endpoint, with all that stands around them',
    nameOf: row => `${row.backend} ${row.endpoint}`,
    orders: [['per_second', 'most calls'], ['failed', 'most failures'], slowest],
    columns: [
      plain('Backend', row => row.backend),
      text('Endpoint', row => row.endpoint),
      number('Per second', row => rate(row.per_second)),
      number('Calls', row => count(row.calls)),
      failures('Failed', 'failed'),
      number('Canceled', row => count(row.canceled)),
      ...latencies
    ]
  }),
  pools: new Table(byId('pool-table'), {
    label: 'connections',
    caption: 'One pool for each origin',
    nameOf: row => row.origin,
    orders: [
      ['pending', 'most calls under way'],
      ['total', 'most calls']
    ],
    columns: [
      plain('Origin', row => (row.settingsName === '' ? row.origin : `${row.origin}, settings ${row.settingsName}`)),
      number('Open', row => `${count(row.connections)} of ${count(row.maxConnections)}`),
      number('Under way or waiting', row => count(row.pending)),
      number('Tunnels', row => count(row.tunnels)),
      number('Calls', row => count(row.total)),
      failures('Refused, queue full', 'refused')
    ]
  }),
  plugins: new Table(byId('plugin-table'), {
    label: 'plugins',
    caption: 'Milliseconds, the last minute',
    nameOf: row => `${row.name} ${row.scope}`,
    orders: [['per_second', 'most runs'], ['failed', 'most failures'], slowest],
    columns: [
      plain('Name', row => row.name),
      text('Where', row => row.scope),
      number('Per second', row => rate(row.per_second)),
      number('Runs', row => count(row.runs)),
      failures('Failed', 'failed'),
      ...latencies
    ]
  }),
  errors: new Table(byId('error-table'), {
    label: 'errors',
    caption: 'One row for each code at each endpoint, the newest first',
    nameOf: row => `${row.code} ${row.endpoint}`,
    columns: [
      plain('Code', row => row.code),
      text('Endpoint', row => row.endpoint || '–'),
      number('Times', row => count(row.count)),
      plain('Last', row => new Date(row.at).toLocaleTimeString()),
      number('Status', row => row.status || '–'),
      { ...text('Message', row => row.message), most: 500 }
    ]
  }),
  findings: new Table(byId('finding-table'), {
    label: 'findings',
    caption: 'Findings of the configuration and of its last reload',
    nameOf: row => `${row.place} ${row.message}`,
    columns: [
      plain('Place', row => row.place),
      { head: 'Level', cell: row => row.level, tone: row => (row.level === 'error' ? 'bad' : 'warn') },
      { ...text('Finding', row => row.message), most: 500 }
    ]
  })
}

/** Endpoints with what is known of their pipes; one that has not changed stays the same object. */
const joined = new Map()
function endpointsOf({ endpoints, pipes }) {
  return Object.entries(endpoints).map(([key, row]) => {
    const known = joined.get(key)
    if (known?.row === row && known.pipe === pipes[key]) return [key, known.item]
    const item = { ...row, ...pipes[key] }
    joined.set(key, { row, pipe: pipes[key], item })
    return [key, item]
  })
}

const componentTables = new Map()

/** One table for each kind of component: its columns are what the component tells. */
function showComponents(components) {
  const kinds = new Map()
  for (const pair of Object.entries(components)) {
    const [, { component, name }] = pair
    const kind = `${component} ${name}`
    if (!kinds.has(kind)) kinds.set(kind, [])
    kinds.get(kind).push(pair)
  }
  const shapes = [...kinds].map(([kind, pairs]) => [kind, factsOf(pairs)])
  const shape = JSON.stringify(shapes.map(([kind, facts]) => [kind, Object.keys(facts)]))
  if (componentTables.shape !== shape) {
    componentTables.shape = shape
    componentTables.clear()
    const boxes = shapes.map(([kind, facts]) => {
      const box = element('div')
      const columns = Object.entries(facts).map(([name, sample]) => factColumn(name, sample))
      const where = plain('Where', placeOf)
      componentTables.set(
        kind,
        new Table(box, { label: kind, caption: kind, nameOf: componentName, columns: [where, ...columns] })
      )
      return box
    })
    byId('component-tables').replaceChildren(...(boxes.length > 0 ? boxes : [element('p', { textContent: 'None.' })]))
  }
  for (const [kind, pairs] of kinds) componentTables.get(kind).show(pairs)
}

/** The facts that any of a kind tells: some tell more than others. */
const factsOf = pairs => Object.assign({}, ...pairs.map(([, { facts }]) => facts))

const componentName = row => [placeOf(row), ...Object.values(row.facts).map(String)].join(' ')

function placeOf({ place, worker }) {
  return worker === undefined ? place : `${place}, worker ${worker}`
}

/** States that are good or bad news, of whatever it is. */
const TONES = { __proto__: null, open: 'bad', away: 'bad', 'half-open': 'warn', closed: 'good', answers: 'good' }

function factColumn(name, sample) {
  const cell = row => (typeof row.facts[name] === 'number' ? amount(row.facts[name]) : String(row.facts[name] ?? ''))
  const tone = row => TONES[row.facts[name]]
  return { head: words(name), cell, kind: typeof sample === 'number' ? 'number' : 'fact', tone }
}

/** Writes pairs of a term and its text into a `dl`. */
function showPairs(list, pairs) {
  if (list.children.length !== pairs.length) {
    list.replaceChildren(...pairs.map(() => element('div', {}, element('dt'), element('dd'))))
  }
  pairs.forEach(([term, value, tone], i) => {
    write(list.children[i].firstChild, term)
    write(list.children[i].lastChild, value)
    list.children[i].lastChild.className = tone ?? ''
  })
}

const rates = []

function showNow({ gateway, process, traffic, others, in_flight: inFlight }) {
  const { event_loop_delay_ms: delay, event_loop_utilization: busy } = process
  showPairs(byId('cards'), [
    ['Requests per second', rate(traffic.per_second)],
    ['In flight', count(inFlight)],
    ['Requests', count(traffic.requests)],
    ['Without an endpoint', count(others.requests)],
    ['4xx', count(traffic.client_errors)],
    ['5xx', count(traffic.server_errors), badAbove(() => traffic.server_errors)()],
    [
      'p50, p95, p99, ms',
      traffic.p50_ms === undefined ? '–' : [traffic.p50_ms, traffic.p95_ms, traffic.p99_ms].map(ms).join(', ')
    ],
    ['Event-loop delay p99', `${ms(delay.p99)} ms`, delay.p99 > 100 ? 'warn' : undefined],
    ['Event loop busy', percent(busy), busy > 0.9 ? 'warn' : undefined],
    ['Memory', bytes(process.rss_bytes)],
    ['Heap', bytes(process.heap_used_bytes)],
    ['Running for', duration(gateway.uptime_seconds)]
  ])
  const top = Math.max(1, ...rates)
  const step = 300 / Math.max(30, rates.length - 1)
  const points = rates.map((value, i) => `${(i * step).toFixed(1)},${(46 - (44 * value) / top).toFixed(1)}`)
  byId('spark').firstElementChild.setAttribute('points', points.join(' '))
  write(byId('rate'), `now ${rate(traffic.per_second)}, at most ${rate(Math.max(...rates))}`)
}

function showConfiguration({ configuration, gateway, workers }) {
  const { last_reload: last } = configuration
  const reload = last === undefined ? 'none' : `${last.outcome}, ${new Date(last.at).toLocaleString()}`
  const count = Object.keys(workers).length
  showPairs(byId('config'), [
    ['File', configuration.file],
    ['Loaded', new Date(configuration.loaded_at).toLocaleString()],
    ['Last reload', reload, last?.outcome === 'failed' ? 'bad' : undefined],
    ['Reloads', `${configuration.reloads} done, ${configuration.failed_reloads} failed`],
    ['Version', `Sluice ${gateway.version}, Node.js ${gateway.node}`],
    count === 0 ? ['Process', String(gateway.pid)] : ['Workers', String(count)]
  ])
  tables.findings.show(
    [...configuration.findings, ...(last?.outcome === 'failed' ? last.findings : [])].map((finding, i) => [i, finding])
  )
}

function show(status) {
  write(byId('service'), status.gateway.name)
  showNow(status)
  byId('worker-section').hidden = Object.keys(status.workers).length === 0
  tables.workers.show(Object.entries(status.workers))
  tables.endpoints.show(endpointsOf(status))
  for (const name of ['backends', 'pools', 'plugins']) tables[name].show(Object.entries(status[name]))
  showComponents(status.components)
  tables.errors.show(Object.entries(status.errors).sort(([, a], [, b]) => (a.at < b.at ? 1 : -1)))
  showConfiguration(status)
}

let status
let isPaused = false
let version

function changed(next, isNew) {
  if (isNew) for (const table of [...Object.values(tables), ...componentTables.values()]) table.forget()
  status = next
  const { gateway, traffic } = next
  version ??= gateway.version
  // another version of the gateway has another page
  if (version !== gateway.version) location.reload()
  rates.push(traffic.per_second)
  if (rates.length > 300) rates.shift()
  showState()
  if (!isPaused && !document.hidden) show(next)
}

const NOT_CONNECTED = {
  lost: 'Connection lost, trying again',
  quiet: 'The gateway sends nothing',
  full: 'Too many status pages are open, trying again',
  refused: 'Signed out, or not allowed: load the page again'
}
let connection = { kind: undefined, at: undefined }

function showState() {
  const { kind, at } = connection
  const trouble = NOT_CONNECTED[kind]
  const isReady = status?.gateway.ready
  write(byId('state'), trouble ?? (isReady ? 'Ready' : 'Not ready: the gateway is starting or stopping'))
  byId('state').className = trouble !== undefined ? 'bad' : isReady ? 'good' : 'warn'
  byId('stale').hidden = trouble === undefined || at === undefined
  if (at !== undefined)
    write(
      byId('stale'),
      `These figures are of ${new Date(at).toLocaleTimeString()}. They do not change until the gateway is back.`
    )
  document.documentElement.classList.toggle('stale', trouble !== undefined)
  document.title = visible(`${trouble === undefined ? '' : 'Not connected: '}${status?.gateway.name || 'Sluice'}`).slice(0, 100)
}

new Connection({
  changed,
  told: (kind, at) => {
    // pipes may be others behind a new start
    if (kind !== 'open') pipes.clear()
    else for (const name of open) if (!pipes.has(name)) loadPipe(name)
    connection = { kind, at }
    showState()
  }
})

document.addEventListener('visibilitychange', () => {
  if (!document.hidden && !isPaused && status !== undefined) show(status)
})
byId('pause').addEventListener('click', ({ currentTarget }) => {
  isPaused = !isPaused
  currentTarget.setAttribute('aria-pressed', String(isPaused))
  if (!isPaused && status !== undefined) show(status)
})
