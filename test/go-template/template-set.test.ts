import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bcryptHash } from '../../src/go-template/sprig/bcrypt.js'
import { TemplateError } from '../../src/go-template/template-error.js'
import { TemplateSet } from '../../src/go-template/template-set.js'

function setOf(sources: Record<string, string>): TemplateSet {
  const set = new TemplateSet()
  for (const [name, text] of Object.entries(sources)) set.add(name, text)
  return set
}

const render = (text: string, data: unknown = {}): string => setOf({ main: text }).render('main', data).text

function faultOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof TemplateError, String(error))
    return error.located
  }
  return assert.fail('nothing was thrown')
}

const syntax: [text: string, fault: RegExp][] = [
  ['{{ if }}x{{ end }}', /^main:1:7: missing value for command$/],
  ['a\nb {{ .x', /^main:2:3: unclosed action$/],
  ['{{/* x', /^main:1:1: unclosed comment$/],
  ['{{ nope 1 }}', /^main:1:4: function "nope" not defined$/],
  ['{{ if false }}{{ nope }}{{ end }}', /^main:1:18: function "nope" not defined$/],
  ['{{ $x }}', /^main:1:4: undefined variable "\$x"$/],
  ['{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}', /^main:1:39: undefined variable "\$x"$/],
  ['x{{ end }}', /^main:1:\d+: unexpected \{\{end\}\}$/],
  ['\n {{ if true }}x', /^main:2:2: unexpected end of the text: no \{\{end\}\} for this action$/],
  ['{{ "a }}', /^main:1:4: unterminated quoted string$/],
  ['{{ "a\\q" }}', /^main:1:4: invalid escape/],
  ['{{ .a.b-c }}', /^main:1:8: bad character "-"$/],
  ['{{ 1abc }}', /^main:1:4: bad number syntax: "1a"$/],
  ['{{ define "a" }}1{{ end }}\n{{ define "a" }}2{{ end }}', /^main:2:1: multiple definition of template "a"$/],
  ['x{{ define "main" }}y{{ end }}', /multiple definition of template "main"$/],
  ['{{ break }}', /^main:1:1: \{\{break\}\} outside \{\{range\}\}$/],
  ['{{ range .x }}{{ define "a" }}{{ end }}{{ end }}', /unexpected \{\{define\}\}/],
  [`${'{{ if true }}'.repeat(1001)}${'{{ end }}'.repeat(1001)}`, /nested deeper than 1000 levels$/],
  [`{{ ${'('.repeat(1001)}1${')'.repeat(1001)} }}`, /nested deeper than 1000 levels$/]
]

const execution: [text: string, fault: RegExp][] = [
  [
    '\n  {{ index (list 1) 5 }}',
    /^main:2:6: executing "main" at <index \(list 1\) 5>: error calling index: index out of range: 5$/
  ],
  ['{{ template "gone" . }}', /^main:1:1: executing "main" at <\{\{ template "gone" \. \}\}>: template "gone" not defined$/],
  ['{{ .a.b }}', /^main:1:4: executing "main" at <\.a\.b>: can't evaluate field b in type float64$/],
  ['{{ eq .a 1 }}', /incompatible types for comparison: float64 and int$/],
  ['{{ upper .a }}', /wrong type for value; expected string; got float64$/],
  ['{{ fail "stop" }}', /error calling fail: stop$/],
  ['{{ genCA "x" 1 }}', /put the value into a settings file or the environment$/],
  ['{{ define "r" }}{{ template "r" . }}{{ end }}{{ template "r" . }}', /templates call each other more than 400 levels deep$/],
  ['{{ range until 1000000 }}{{ repeat 1000 "x" }}{{ end }}', /the text is longer than \d+ characters$/],
  ['{{ range 99999999999 }}{{ end }}', /^main:1:1: .*the template does not end within \d+ steps$/],
  ['{{ define "d" }}{{ range 9 }}{{ template "d" }}{{ break }}{{ end }}{{ end }}{{ template "d" }}', /levels deep$/],
  [
    '{{ define "t" }}{{ if . }}{{ template "t" (rest .) }}{{ template "t" (rest .) }}{{ end }}{{ end }}{{ template "t" (until 64) }}',
    /does not end within \d+ steps$/
  ],
  [
    '{{ range "text" }}\n  a very long body\n{{ end }}',
    /^main:1:10: executing "main" at <"text">: range can't iterate over text$/
  ],
  [`{{ upper "${'x'.repeat(500)}" 1 }}`, /wrong number of args/],
  ['{{ until 100000000 }}', /more than 1000000 elements$/],
  ['{{ repeat 100000000 "xx" }}', /more than \d+ characters$/]
]

describe('TemplateSet', () => {
  for (const [text, fault] of syntax) {
    it(`names the place of a syntax error: ${text.slice(0, 60)}`, () =>
      assert.match(
        faultOf(() => setOf({ main: text })),
        fault
      ))
  }
  for (const [text, fault] of execution) {
    it(`names the place of an execution error: ${text.slice(0, 60)}`, () =>
      assert.match(
        faultOf(() => render(text, { a: 1 })),
        fault
      ))
  }

  it('names the template in which a fault happened', () => {
    const set = setOf({ main: '{{ template "part" . }}', part: 'x\ny {{ .a.b.c }}' })
    assert.match(
      faultOf(() => set.render('main', { a: 5 })),
      /^part:2:6: executing "part"/
    )
  })

  it('knows a definition of one source in all others, and the last one wins', () => {
    const set = setOf({ main: '{{ template "x" }}', one: '{{ define "x" }}1{{ end }}', two: '{{ define "x" }}2{{ end }}' })
    assert.equal(set.render('main', {}).text, '2')
  })

  it('keeps a template that an empty one of its name would replace', () => {
    const set = setOf({
      main: '{{ template "x" }}',
      one: '{{ define "x" }}1{{ end }}',
      two: '{{ define "x" }} {{/* none */}}\n{{ end }}'
    })
    assert.equal(set.render('main', {}).text, '1')
    assert.equal(render('{{ define "y" }} {{ end }}{{ define "y" }}2{{ end }}{{ define "y" }}{{ end }}{{ template "y" }}'), '2')
  })

  it('tells for each character of the text where it comes from', () => {
    const set = setOf({ main: 'ab\n{{ .x }}c{{ template "p" . }}\nd', p: '\n\n  e{{ .x }}' })
    const { text, output } = set.render('main', { x: 'XY' })
    assert.equal(text, 'ab\nXYc\n\n  eXY\nd')
    const placeOf = (part: string, from = 0): string => {
      const { source, at } = output.placeOf(text.indexOf(part, from))!
      const { line, column } = source.positionOf(at)
      return `${source.name}:${line}:${column}`
    }
    assert.equal(placeOf('b'), 'main:1:2')
    assert.equal(placeOf('X'), 'main:2:1')
    assert.equal(placeOf('Y'), 'main:2:1')
    assert.equal(placeOf('c'), 'main:2:9')
    assert.equal(placeOf('e'), 'p:3:3')
    assert.equal(placeOf('X', 8), 'p:3:4')
    assert.equal(placeOf('d'), 'main:3:1')
  })

  it('tells where there was no value', () => {
    const { output } = setOf({ main: '{{ .a }}{{ .b }}\n{{ .c.d }}' }).render('main', { a: 1 })
    assert.deepEqual(
      output.missingValues.map(({ source, at }) => source.positionOf(at)),
      [
        { line: 1, column: 9 },
        { line: 2, column: 1 }
      ]
    )
  })

  it('takes names of the language as data', () => {
    assert.equal(
      render('{{ .constructor }}{{ .s.__proto__ }}{{ index .s "toString" }}', { s: JSON.parse('{"__proto__":1}') }),
      '<no value>1<no value>'
    )
    assert.match(
      faultOf(() => render('{{ constructor }}')),
      /function "constructor" not defined/
    )
  })

  it('renders thousands of endpoints', () => {
    const endpoints = Array.from({ length: 5000 }, (_, i) => ({ path: `/p${i}`, host: 'http://h' }))
    const text = render(
      '[{{ range $i, $e := .endpoints }}{{ if $i }},{{ end }}{"endpoint":"{{ $e.path }}","host":{{ marshal $e.host }}}{{ end }}]'.replace(
        'marshal',
        'toJson'
      ),
      { endpoints }
    )
    assert.equal((JSON.parse(text) as unknown[]).length, 5000)
  })
})

describe('bcryptHash', () => {
  it('has the value of a known vector', () => {
    const salt = Buffer.from('10410410410410410410410410410410', 'hex')
    assert.equal(bcryptHash('U*U', salt, 5), '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW')
  })

  it('refuses what bcrypt would cut', () => {
    assert.throws(() => bcryptHash('x'.repeat(73)), /exceeds 72 bytes/)
  })
})
