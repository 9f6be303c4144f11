/** Live and ready, as orchestrators ask for them: on the admin port, or, without one, on the gateway's own. */

import type { AdminServer } from './admin-server.js'
import type { Phase } from './phase.js'
import { sendJson } from './send.js'

/** The probes and what they say. */
export function probesOf(phase: Phase) {
  return {
    /** 200 as long as the process can respond. */
    live: { path: '/__live', body: { status: 'ok' } },
    /** 200 while the gateway takes requests, 503 from the first moment of a stop on. */
    ready: { path: '/__ready', isReady: () => phase.ready, body: () => ({ status: phase.ready ? 'ok' : 'unavailable' }) }
  } as const
}

/** Puts both probes on the admin port. */
export function addProbes(server: AdminServer, phase: Phase): void {
  const { live, ready } = probesOf(phase)
  server.route(live.path, { methods: ['GET'], open: true, handle: (_, res) => sendJson(res, 200, live.body) })
  server.route(ready.path, {
    methods: ['GET'],
    open: true,
    handle: (_, res) => sendJson(res, ready.isReady() ? 200 : 503, ready.body())
  })
}
