// The script of the status page: takes the status as events, and writes what has changed into tables. It runs in browsers as it is.

const byId = id => document.getElementById(id)
const grouped = new Intl.NumberFormat('en')
const count = value => (value === undefined ? '' : grouped.format(value))
const rate = value => (value === undefined ? '' : value >= 100 ? count(Math.round(value)) : value.toFixed(1))
const ms = value => (value === undefined ? '–' : String(Number(value.toPrecision(3))))
const words = name => name.replaceAll('_', ' ')

function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let at = 0
  for (; value >= 1024 && at < units.length - 1; at++) value /= 1024
  return `${at === 0 ? value : value.toFixed(1)} ${units[at]}`
}

/** The two largest units: `1 d 3 h`, `5 m 12 s`, `7 s`. */
function duration(seconds) {
  const parts = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
  const first = parts.findIndex(part => part > 0)
  return parts
    .map((part, i) => `${part} ${'dhms'[i]}`)
    .slice(first < 0 ? 3 : first)
    .slice(0, 2)
    .join(' ')
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text
}

/** A box that scrolls must be reached by keys, and have a name. */
function scrolling(box, label) {
  box.tabIndex = 0
  box.setAttribute('role', 'region')
  box.setAttribute('aria-label', label)
  return box
}
for (const box of document.querySelectorAll('.scroll')) scrolling(box, box.dataset.label)

/** A table whose rows have keys: a row stays the same element, and only cells with another text are written. */
class Table {
  constructor(table, caption, columns) {
    this.columns = columns
    this.rows = new Map()
    const heads = columns.map(({ head, kind }) => element('th', { scope: 'col', textContent: head, className: kind ?? '' }))
    this.body = element('tbody')
    table.replaceChildren(
      element('caption', { textContent: caption }),
      element('thead', {}, element('tr', {}, ...heads)),
      this.body
    )
  }

  /** Shows items in their order; `detail` makes what stands below an item that is open. */
  show(items, keyOf, detail) {
    const shown = []
    const keys = new Set()
    for (const item of items) {
      const key = keyOf(item)
      keys.add(key)
      const row = this.rows.get(key) ?? this.make(key, item)
      for (const [i, column] of this.columns.entries()) this.fill(row.cells[i], column, item)
      shown.push(row.element)
      const below = detail?.(item, row)
      if (below !== undefined) shown.push(below)
    }
    for (const key of this.rows.keys()) if (!keys.has(key)) this.rows.delete(key)
    if (shown.length === 0) shown.push(this.nothing())
    this.place(shown)
  }

  /** Rows that stay are not moved: one that moves would lose the focus. */
  place(shown) {
    const wanted = new Set(shown)
    for (const row of [...this.body.children]) if (!wanted.has(row)) row.remove()
    let at = this.body.firstElementChild
    for (const row of shown) {
      if (row === at) at = at.nextElementSibling
      else this.body.insertBefore(row, at)
    }
  }

  nothing() {
    this.none ??= element('tr', {}, element('td', { colSpan: this.columns.length, textContent: 'None.' }))
    return this.none
  }

  make(key, item) {
    const cells = this.columns.map(({ kind, node }, i) => {
      const cell = i === 0 ? element('th', { scope: 'row' }) : element('td', { className: kind ?? '' })
      if (node !== undefined) cell.append(node(item))
      return cell
    })
    const row = { element: element('tr', {}, ...cells), cells }
    this.rows.set(key, row)
    return row
  }

  fill(cell, { cell: text, tone, kind, node }, item) {
    if (node === undefined) write(cell, String(text(item)))
    if (tone !== undefined) cell.className = `${kind ?? ''} ${tone(item) ?? ''}`
  }
}

const number = (head, cell, tone) => ({ head, cell, kind: 'number', tone })
const plain = (head, cell) => ({ head, cell })
const text = (head, cell) => ({ head, cell, kind: 'text' })
const isBad = value => (value > 0 ? 'bad' : undefined)
const latencies = [
  number('p50', row => ms(row.p50_ms)),
  number('p95', row => ms(row.p95_ms)),
  number('p99', row => ms(row.p99_ms))
]

const state = { paused: false, open: new Set(), endpoints: new Map(), pipes: new Map(), rates: [] }
const endpointKey = ({ method, path }) => `${method} ${path}`

function pipeButton(row) {
  const key = endpointKey(row)
  const button = element('button', { type: 'button', textContent: key })
  button.setAttribute('aria-expanded', 'false')
  button.addEventListener('click', () => {
    if (!state.open.delete(key)) state.open.add(key)
    button.setAttribute('aria-expanded', String(state.open.has(key)))
    showEndpoints()
  })
  return button
}

function holdsText({ holds = [], may_hold: may = [] } = {}) {
  if (holds.length > 0) return holds.join(', ')
  return may.length > 0 ? `may: ${may.join(', ')}` : 'nothing'
}

const tables = {
  workers: new Table(byId('worker-table'), 'One process each', [
    plain('Worker', row => row.worker),
    plain('Process', row => row.pid),
    { head: 'State', cell: row => (row.ready ? 'ready' : 'not ready'), tone: row => (row.ready ? 'good' : 'warn') },
    plain('Running for', row => duration(row.uptime_seconds)),
    number('in flight', row => count(row.in_flight)),
    number('per second', row => rate(row.per_second)),
    number('requests', row => count(row.requests)),
    number('memory', row => bytes(row.rss_bytes)),
    number('heap', row => bytes(row.heap_used_bytes)),
    number(
      'delay p99, ms',
      row => ms(row.event_loop_delay_p99_ms),
      row => (row.event_loop_delay_p99_ms > 100 ? 'warn' : undefined)
    ),
    number('busy', row => `${(100 * row.event_loop_utilization).toFixed(0)} %`)
  ]),
  endpoints: new Table(byId('endpoint-table'), 'Requests since the start', [
    { head: 'Endpoint', node: pipeButton },
    plain('Pipe', row => `${row.shape?.pipe ?? ''}${row.shape?.direct ? ', direct' : ''}`),
    { head: 'Holds bodies', kind: 'text', cell: row => holdsText(row.shape) },
    number('per second', row => rate(row.per_second)),
    number('requests', row => count(row.requests)),
    number('4xx', row => count(row.client_errors)),
    number(
      '5xx',
      row => count(row.server_errors),
      row => isBad(row.server_errors)
    ),
    number(
      'incomplete',
      row => count(row.incomplete),
      row => (row.incomplete > 0 ? 'warn' : undefined)
    ),
    number('aborted', row => count(row.aborted)),
    ...latencies
  ]),
  backends: new Table(byId('backend-table'), 'Calls of each endpoint, with all that stands around them', [
    plain('Backend', row => row.backend),
    plain('Endpoint', row => row.endpoint),
    number('per second', row => rate(row.per_second)),
    number('calls', row => count(row.calls)),
    number(
      'failed',
      row => count(row.failed),
      row => isBad(row.failed)
    ),
    number('canceled', row => count(row.canceled)),
    ...latencies
  ]),
  pools: new Table(byId('pool-table'), 'One pool for each origin', [
    plain('Origin', row => row.origin),
    number('open', row => count(row.connections)),
    number('calls under way or waiting', row => count(row.pending)),
    number('tunnels', row => count(row.tunnels)),
    number('calls', row => count(row.total)),
    number(
      'refused, queue full',
      row => count(row.refused),
      row => isBad(row.refused)
    )
  ]),
  plugins: new Table(byId('plugin-table'), 'Milliseconds, the last minute', [
    plain('Name', row => row.name),
    plain('Where', row => row.scope),
    number('per second', row => rate(row.per_second)),
    number('runs', row => count(row.runs)),
    ...latencies
  ]),
  errors: new Table(byId('error-table'), 'One row for each code at each endpoint, the newest first', [
    plain('Code', row => row.code),
    plain('Endpoint', row => row.endpoint || '–'),
    number('times', row => count(row.count)),
    plain('last', row => new Date(row.at).toLocaleTimeString()),
    number('status', row => row.status || '–'),
    text('message', row => row.message)
  ]),
  findings: new Table(byId('finding-table'), 'Findings of the configuration and of its last reload', [
    plain('Place', row => row.place),
    { head: 'Level', cell: row => row.level, tone: row => (row.level === 'error' ? 'bad' : 'warn') },
    text('Finding', row => row.message)
  ])
}

function stageList(tree) {
  const items = tree.stages.map(stage => {
    const item = element('li', {}, `${stage.place} `, element('strong', { textContent: stage.name }), ' ')
    if (stage.holdsBody !== 'no') {
      const says = stage.holdsBody === 'yes' ? 'holds a body' : 'may hold a body'
      item.append(element('span', { className: stage.holdsBody === 'yes' ? 'tag holds' : 'tag', textContent: says }))
    }
    if (stage.note !== undefined) item.append(` ${stage.note}`)
    if (stage.copy !== undefined) item.append(stageList(stage.copy))
    return item
  })
  const backends = tree.backends.map(backend =>
    element('li', {}, `${backend.method} ${backend.target}`, stageList({ stages: backend.stages, backends: [] }))
  )
  return element('ol', {}, ...items, ...backends)
}

function pipeBelow(row, made) {
  if (!state.open.has(endpointKey(row)) || row.shape === undefined) return undefined
  if (made.shape !== row.shape) {
    made.shape = row.shape
    const cell = element('td', { colSpan: tables.endpoints.columns.length }, stageList(row.shape))
    made.below = element('tr', { className: 'pipe' }, cell)
  }
  return made.below
}

/** Rows beyond are not shown: a filter finds them. */
const MOST_ROWS = 200

function showEndpoints() {
  const wanted = byId('filter').value.toLowerCase()
  const order = byId('order').value
  const rows = [...state.endpoints.values()].filter(row => endpointKey(row).toLowerCase().includes(wanted))
  if (order !== '') rows.sort((a, b) => (b[order] ?? 0) - (a[order] ?? 0))
  const shown = rows.slice(0, MOST_ROWS).map(row => ({ ...row, shape: state.pipes.get(endpointKey(row)) }))
  tables.endpoints.show(shown, endpointKey, pipeBelow)
  write(byId('shown'), `${shown.length} of ${state.endpoints.size}`)
}

const componentTables = new Map()

/** One table for each kind of component: its columns are what the component tells. */
function showComponents(components) {
  const kinds = new Map()
  for (const one of components) {
    const kind = `${one.component} ${one.name}`
    kinds.set(kind, [...(kinds.get(kind) ?? []), one])
  }
  const shape = JSON.stringify([...kinds].map(([kind, [one]]) => [kind, Object.keys(one.facts)]))
  if (componentTables.shape !== shape) {
    componentTables.shape = shape
    componentTables.clear()
    const boxes = [...kinds].map(([kind, [one]]) => {
      const table = element('table')
      const columns = Object.keys(one.facts).map(name => factColumn(name, one.facts[name]))
      componentTables.set(kind, new Table(table, kind, [plain('Where', whereOf), ...columns]))
      return scrolling(element('div', { className: 'scroll' }, table), `Table of ${kind}`)
    })
    byId('component-tables').replaceChildren(...(boxes.length > 0 ? boxes : [element('p', { textContent: 'None.' })]))
  }
  for (const [kind, all] of kinds) {
    const numbered = all.map((one, i) => ({ ...one, key: `${i} ${one.place}` }))
    componentTables.get(kind).show(numbered, one => one.key)
  }
}

function whereOf({ place, worker }) {
  return worker === undefined ? place : `${place}, worker ${worker}`
}

function factColumn(name, sample) {
  const cell = row => (typeof row.facts[name] === 'number' ? count(row.facts[name]) : String(row.facts[name] ?? ''))
  const tone = row => (row.facts[name] === 'open' ? 'bad' : row.facts[name] === 'closed' ? 'good' : undefined)
  return { head: words(name), cell, kind: typeof sample === 'number' ? 'number' : undefined, tone }
}

/** Writes pairs of a term and its text into a `dl`. */
function showPairs(list, pairs) {
  if (list.children.length !== pairs.length) {
    list.replaceChildren(...pairs.map(([term]) => element('div', {}, element('dt', { textContent: term }), element('dd'))))
  }
  pairs.forEach(([, value, tone], i) => {
    const cell = list.children[i].lastChild
    write(cell, value)
    cell.className = tone ?? ''
  })
}

function showNow({ gateway, process, traffic, in_flight: inFlight }) {
  const { event_loop_delay_ms: delay, event_loop_utilization: busy } = process
  showPairs(byId('cards'), [
    ['Requests per second', rate(traffic.per_second)],
    ['In flight', count(inFlight)],
    ['Requests', count(traffic.requests)],
    ['5xx', count(traffic.server_errors), isBad(traffic.server_errors)],
    ['p50 / p99', `${ms(traffic.p50_ms)} / ${ms(traffic.p99_ms)} ms`],
    ['Event-loop delay p99', `${ms(delay.p99)} ms`, delay.p99 > 100 ? 'warn' : undefined],
    ['Event loop busy', `${(100 * busy).toFixed(0)} %`, busy > 0.9 ? 'warn' : undefined],
    ['Memory', bytes(process.rss_bytes)],
    ['Heap', bytes(process.heap_used_bytes)],
    ['Running for', duration(gateway.uptime_seconds)]
  ])
  state.rates.push(traffic.per_second)
  if (state.rates.length > 300) state.rates.shift()
  const top = Math.max(1, ...state.rates)
  const step = 300 / Math.max(30, state.rates.length - 1)
  const points = state.rates.map((value, i) => `${(i * step).toFixed(1)},${(46 - (44 * value) / top).toFixed(1)}`)
  byId('spark').firstElementChild.setAttribute('points', points.join(' '))
  write(byId('rate'), `now ${rate(traffic.per_second)}, at most ${rate(Math.max(...state.rates))}`)
}

function showConfiguration({ configuration, gateway, workers }) {
  const { last_reload: last } = configuration
  const reload = last === undefined ? 'none' : `${last.outcome}, ${new Date(last.at).toLocaleString()}`
  showPairs(byId('config'), [
    ['File', configuration.file],
    ['Loaded', new Date(configuration.loaded_at).toLocaleString()],
    ['Last reload', reload, last?.outcome === 'failed' ? 'bad' : undefined],
    ['Reloads', `${configuration.reloads} done, ${configuration.failed_reloads} failed`],
    ['Version', `Sluice ${gateway.version}, Node.js ${gateway.node}`],
    workers === undefined ? ['Process', String(gateway.pid)] : ['Workers', String(workers.length)]
  ])
  const findings = [...configuration.findings, ...(last?.outcome === 'failed' ? last.findings : [])]
  tables.findings.show(
    findings.map((finding, i) => ({ ...finding, i })),
    ({ i, place }) => `${i} ${place}`
  )
}

function show(status) {
  write(byId('service'), status.gateway.name)
  write(byId('state'), status.gateway.ready ? 'Ready' : 'Not ready: the gateway is starting or stopping')
  byId('state').className = status.gateway.ready ? 'good' : 'warn'
  showNow(status)
  byId('worker-section').hidden = status.workers === undefined
  tables.workers.show(status.workers ?? [], row => row.worker)
  for (const row of status.endpoints) state.endpoints.set(endpointKey(row), row)
  showEndpoints()
  tables.backends.show(status.backends, row => `${row.endpoint} ${row.backend}`)
  tables.pools.show(status.pools, row => row.origin)
  showComponents(status.components)
  tables.plugins.show(status.plugins, row => `${row.scope} ${row.name}`)
  tables.errors.show(status.errors, row => `${row.code} ${row.endpoint}`)
  showConfiguration(status)
}

const events = new EventSource('/__sluice/events')
events.addEventListener('all', ({ data }) => {
  const status = JSON.parse(data)
  state.pipes = new Map(status.pipes.map(pipe => [endpointKey(pipe), pipe]))
  state.endpoints = new Map(status.pipes.map(pipe => [endpointKey(pipe), { method: pipe.method, path: pipe.path }]))
  show(status)
})
events.addEventListener('live', ({ data }) => {
  if (!state.paused) show(JSON.parse(data))
})
events.addEventListener('error', () => {
  write(
    byId('state'),
    events.readyState === EventSource.CLOSED ? 'Not connected: load the page again' : 'Connection lost, trying again'
  )
  byId('state').className = 'bad'
})

byId('filter').addEventListener('input', showEndpoints)
byId('order').addEventListener('change', showEndpoints)
byId('pause').addEventListener('click', ({ currentTarget }) => {
  state.paused = !state.paused
  currentTarget.setAttribute('aria-pressed', String(state.paused))
})
