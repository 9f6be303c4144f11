/** The stages at which the test kit breaks exchanges off. */

import type { UpstreamFault } from './upstream.js'

/** Where an exchange is broken off, and what that means in words. */
export const ABORT_STAGES = {
  'client-leaves-at-once': 'the client goes away when its request has come to the plugin',
  'client-leaves-upload': 'the client goes away in the middle of its upload',
  'client-leaves-waiting': 'the client goes away while the upstream has not answered',
  'client-leaves-head': 'the client goes away after the head of the answer',
  'client-leaves-body': 'the client goes away in the middle of the answer',
  'upstream-resets-early': 'the upstream resets the connection before it answers',
  'upstream-resets-head': 'the upstream resets the connection after its head',
  'upstream-resets-body': 'the upstream resets the connection in the middle of its body',
  'upstream-ends-body': 'the upstream closes the connection in the middle of its body',
  'upstream-stalls': 'the upstream does not answer in time',
  'upstream-stalls-body': 'the upstream stops in the middle of its body',
  'signal-aborts': 'request.signal aborts while the plugin works',
  'upstream-refuses': 'the upstream refuses the connection'
} as const

/** Where an exchange is broken off. */
export type AbortStage = keyof typeof ABORT_STAGES

/** What the upstream does at a stage; it does nothing wrong at the others. */
export const FAULTS: Readonly<Partial<Record<AbortStage, Pick<UpstreamFault, 'how' | 'where'>>>> = {
  'client-leaves-waiting': { how: 'stall', where: 'before-head' },
  'client-leaves-head': { how: 'stall', where: 'after-head' },
  'client-leaves-body': { how: 'stall', where: 'in-body' },
  'upstream-resets-early': { how: 'reset', where: 'before-head' },
  'upstream-resets-head': { how: 'reset', where: 'after-head' },
  'upstream-resets-body': { how: 'reset', where: 'in-body' },
  'upstream-ends-body': { how: 'close', where: 'in-body' },
  'upstream-stalls': { how: 'stall', where: 'before-head' },
  'upstream-stalls-body': { how: 'stall', where: 'in-body' },
  'signal-aborts': { how: 'stall', where: 'before-head' }
}
