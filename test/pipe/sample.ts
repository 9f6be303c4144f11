import type { PipeDescription, PipeStage } from '../../src/pipe/description.js'

export const stage = (name: string, more: Partial<PipeStage> = {}): PipeStage => ({ name, place: 'p', holdsBody: 'no', ...more })

/** A copy, two backends, and every way to hold a body. */
export const PIPE: PipeDescription = {
  method: 'GET',
  path: '/x',
  pipe: 'aggregate',
  direct: false,
  stages: [
    stage('cors'),
    stage('shadow', { copy: { stages: [stage('merge')], backends: [{ method: 'GET', target: 's', stages: [stage('call')] }] } }),
    stage('render', { holdsBody: 'yes', note: 'all of it' })
  ],
  backends: [
    { method: 'GET', target: 'a', stages: [stage('cache', { holdsBody: 'may' }), stage('call')] },
    { method: 'GET', target: 'b', stages: [stage('call')] }
  ]
}

/** The way of requests through {@link PIPE}. */
export const ARROWS = [
  'client > cors',
  'cors > shadow',
  'shadow > merge',
  'merge > call',
  'call > GET s',
  'shadow > render',
  'render > cache',
  'cache > call',
  'call > GET a',
  'render > call',
  'call > GET b'
]
