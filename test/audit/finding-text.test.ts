/** What `sluice audit` prints. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditFinding } from '../../src/audit/audit.js'
import { auditByTemplate, auditLines } from '../../src/audit/finding-text.js'

const place = (line: number): AuditFinding['places'][number] => ({ file: 'k.json', pointer: '/timeout', line, column: 3 })
const FINDINGS: readonly AuditFinding[] = [
  { id: '1.2.1', severity: 'HIGH', message: 'No <tokens>.', places: [] },
  { id: '3.3.1', severity: 'LOW', message: 'Slow.', places: [place(7), place(9)] }
]

test('a line for each finding, in the columns of KrakenD, with the first place', () => {
  assert.equal(
    auditLines(FINDINGS, false),
    '1.2.1\t[HIGH]   \tNo <tokens>.\n3.3.1\t[LOW]   \tSlow.\tk.json:7:3 /timeout and 1 more\n'
  )
  assert.match(auditLines(FINDINGS, true), /\[\x1b\[32;1mLOW\x1b\[0m\]/)
})

test('marshal writes the names of KrakenD, and leaves those of maps that a template made', () => {
  assert.deepEqual(JSON.parse(auditByTemplate(FINDINGS, '{{ marshal . }}')), {
    recommendations: [
      { rule: '1.2.1', severity: 'HIGH', message: 'No <tokens>.', places: [] },
      {
        rule: '3.3.1',
        severity: 'LOW',
        message: 'Slow.',
        places: [7, 9].map(line => ({ file: 'k.json', pointer: '/timeout', line, column: 3 }))
      }
    ],
    stats: {}
  })
  assert.equal(auditByTemplate([], '{{ marshal .Recommendations }}{{ marshal (dict "Id" 1) }}'), '[]{"Id":1}')
})

test('templates reach each field; lines are integers', () => {
  const template =
    '{{ range .Recommendations }}{{ .Rule }} {{ colored .Severity }}{{ range .Places }} {{ printf "%s:%d" .File .Line }}{{ end }};{{ end }}'
  assert.equal(auditByTemplate(FINDINGS, template), '1.2.1 \x1b[31;1mHIGH\x1b[0m;3.3.1 \x1b[32;1mLOW\x1b[0m k.json:7 k.json:9;')
  assert.throws(() => auditByTemplate(FINDINGS, '{{ nope }}'), /function "nope" not defined/)
})
