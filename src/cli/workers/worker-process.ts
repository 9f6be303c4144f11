/** Processes of workers, as their primary starts them and speaks to them. */

import cluster, { type Worker } from 'node:cluster'
import type { ToTextWorker } from '../../plugin/run/text-messages.js'
import type { ToWorker } from '../../plugin/run/topic-messages.js'
import type { PrimaryMessage } from '../control/stop-requests.js'

/**
 * Starts a worker. A message to a worker that has just died is lost, and `exit` follows; node:cluster emits an error for it, which would
 * end the primary.
 * @param failed called when no process could be made: then no `exit` follows
 */
export function forkWorker(failed: (worker: Worker) => void): Worker {
  const worker = cluster.fork()
  worker.on('error', () => {
    if (worker.process.pid === undefined) failed(worker)
  })
  return worker
}

/** Sends a message, unless the worker is known to have ended. */
export function tell(worker: Worker, message: PrimaryMessage | ToWorker | ToTextWorker): void {
  if (worker.isConnected()) worker.send(message)
}
