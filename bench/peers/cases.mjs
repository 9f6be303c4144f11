/** What is measured: one entry per case. `path` is asked of every peer; proxies pass it on as it is. */

import { REAL_CASES } from './real-life.mjs'

/** @typedef {{ id: string, title: string, kind: 'pass' | 'aggregate' | 'joined' | 'routes' | 'log' | 'real', path: string, upload?: number, idle?: number, connections?: number }} Case */

/** @type {Case[]} */
export const CASES = [
  { id: 'pass-150', title: 'pass-through 150 B', kind: 'pass', path: '/150.txt' },
  { id: 'pass-16k', title: 'pass-through 16 KB', kind: 'pass', path: '/16k.txt' },
  { id: 'pass-1m', title: 'pass-through 1 MiB', kind: 'pass', path: '/1m.txt', connections: 16 },
  { id: 'post-16k', title: 'POST 16 KB up', kind: 'pass', path: '/upload', upload: 16 * 1024 },
  { id: 'idle-256', title: 'pass-through 150 B beside 256 idle connections', kind: 'pass', path: '/150.txt', idle: 256 },
  { id: 'log', title: 'pass-through 150 B, access log and INFO on', kind: 'log', path: '/150.txt' },
  { id: 'routes', title: 'pass-through 150 B among 1, 1,000 and 10,000 endpoints', kind: 'routes', path: '/150.txt' },
  { id: 'json-150', title: 'one JSON 150 B', kind: 'aggregate', path: '/json/150' },
  { id: 'json-16k', title: 'one JSON 16 KB', kind: 'aggregate', path: '/json/16k' },
  { id: 'json-1m', title: 'one JSON 1 MiB', kind: 'aggregate', path: '/json/1m', connections: 16 },
  { id: 'merge', title: 'merge of three small', kind: 'joined', path: '/merge' },
  { id: 'group', title: 'group of three, one of 16 KB', kind: 'joined', path: '/group' },
  { id: 'allow', title: 'allow-list on 16 KB', kind: 'aggregate', path: '/allow' },
  ...REAL_CASES
]
