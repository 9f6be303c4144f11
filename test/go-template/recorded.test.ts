/** Templates that Go's text/template with sprig 3.2.3 has rendered; `null` where it refused. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { declare } from '../../src/go-template/go-function.js'
import { marshal } from '../../src/go-template/go-json.js'
import { TemplateError } from '../../src/go-template/template-error.js'
import { TemplateSet } from '../../src/go-template/template-set.js'

process.env.TZ = 'UTC'

const recorded = JSON.parse(readFileSync(new URL('recorded.json', import.meta.url), 'utf8')) as {
  data: unknown
  files: Record<string, string>
  cases: [template: string, output: string | null][]
}

function render(template: string): string {
  const set = new TemplateSet({
    marshal: declare('any', marshal),
    include: declare('string', (name: string) => recorded.files[name] ?? '')
  })
  set.add('krakend.tmpl', template)
  for (const [name, text] of Object.entries(recorded.files)) set.add(name, text)
  return set.render('krakend.tmpl', recorded.data).text
}

describe('templates that Go has rendered', () => {
  for (const [template, output] of recorded.cases) {
    if (output === null) it(`refuses ${template}`, () => assert.throws(() => render(template), TemplateError))
    else it(`renders ${template}`, () => assert.equal(render(template), output))
  }
})
