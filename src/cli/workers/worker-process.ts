/** Processes of workers, as their primary starts them and speaks to them. */

import cluster, { type Worker } from 'node:cluster'
import { WORKER_PLACE } from '../../identity.js'
import type { ToTextWorker } from '../../plugin/run/text-messages.js'
import type { ToWorker } from '../../plugin/run/topic-messages.js'
import type { PrimaryMessage } from '../control/stop-requests.js'
import { keepHandedConnections } from './handed-connections.js'

/**
 * Starts a worker. A message to a worker that has just died is lost, and `exit` follows; node:cluster emits an error for it, which would
 * end the primary.
 * @param place its number, from 1
 * @param failed called when no process could be made: then no `exit` follows
 * @param othersServe whether the port of another worker than this one is open
 */
export function forkWorker(place: number, failed: (worker: Worker) => void, othersServe: (worker: Worker) => boolean): Worker {
  const worker = cluster.fork({ [WORKER_PLACE]: String(place) })
  keepHandedConnections(worker, () => othersServe(worker))
  worker.on('error', () => {
    if (worker.process.pid === undefined) failed(worker)
  })
  return worker
}

/** Sends a message, unless the worker is known to have ended. */
export function tell(worker: Worker, message: PrimaryMessage | ToWorker | ToTextWorker): void {
  if (worker.isConnected()) worker.send(message)
}
