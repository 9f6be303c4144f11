/** Templates that Go's text/template with sprig 3.2.3 has rendered; `null` where it refused. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { declare } from '../../src/go-template/go-function.js'
import { marshal } from '../../src/go-template/go-json.js'
import { TemplateError } from '../../src/go-template/template-error.js'
import { TemplateSet } from '../../src/go-template/template-set.js'

process.env.TZ = 'UTC'

interface Recorded {
  readonly data: unknown
  /** Further sources of the set. */
  readonly files: Record<string, string>
  /** What `include` reads. */
  readonly partials: Record<string, string>
  readonly cases: [template: string, output: string | null][]
}

function render({ data, files, partials }: Recorded, template: string): string {
  const set = new TemplateSet({
    marshal: declare('any', marshal),
    include: declare('string', (name: string) => partials[name] ?? '')
  })
  set.add('krakend.tmpl', template)
  for (const [name, text] of Object.entries(files)) set.add(name, text)
  return set.render('krakend.tmpl', data).text
}

for (const file of ['recorded.json', 'recorded-gateway.json']) {
  describe(`templates that Go has rendered: ${file}`, () => {
    const recorded = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as Recorded
    for (const [template, output] of recorded.cases) {
      if (output === null) it(`refuses ${template}`, () => assert.throws(() => render(recorded, template), TemplateError))
      else it(`renders ${template}`, () => assert.equal(render(recorded, template), output))
    }
  })
}
