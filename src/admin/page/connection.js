// The events of a gateway: everything at first, then what has changed. It comes again by itself, and knows when what it has is old.

import { merged } from './merge.js'

/** ms without an event after which the figures are called old. */
const QUIET_MS = 5_000
const AGAIN_MS = 5_000
/** Where too many pages are open. */
const LATER_MS = 30_000

export class Connection {
  /**
   * `changed(state, isNew)` is called for each event; a state that is new may have other rows by the same numbers. Calls `told(kind, at)` when the connection is another than before: `open`, `lost`, `quiet`, `full`,
   * `refused`. `at` is when the last event came.
   */
  constructor({ changed, told }) {
    this.changed = changed
    this.tell = told
    this.state = undefined
    this.at = undefined
    this.kind = undefined
    this.open()
    setInterval(() => {
      if (this.kind === 'open' && Date.now() - this.at > QUIET_MS) this.told('quiet')
    }, 1_000)
  }

  open() {
    const source = new EventSource('events')
    source.addEventListener('all', ({ data }) => this.take(JSON.parse(data), true))
    source.addEventListener('live', ({ data }) => this.take(merged(this.state, JSON.parse(data)), false))
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) this.refused()
      else this.told('lost')
    })
  }

  take(state, isNew) {
    this.state = state
    this.at = Date.now()
    this.told('open')
    this.changed(state, isNew)
  }

  told(kind) {
    if (kind !== this.kind) this.tell(kind, this.at)
    this.kind = kind
  }

  /** A browser does not say why: it is asked for once more. */
  async refused() {
    const status = await fetch('events', { method: 'HEAD' }).then(
      response => response.status,
      () => 0
    )
    if (status === 401 || status === 403 || status === 421) return this.told('refused')
    this.told(status === 503 ? 'full' : 'lost')
    setTimeout(() => this.open(), status === 503 ? LATER_MS : AGAIN_MS)
  }
}
