import assert from 'node:assert/strict'
import { test } from 'node:test'
import { symbolsOf } from '../../../src/cli/plugin-build/go-symbols.js'

const variables = (source: string): string[] => [...symbolsOf(`package main\n${source}`).variables]

test('variables of a package in every form', () => {
  assert.deepEqual(variables('var HandlerRegisterer = registerer("a")'), ['HandlerRegisterer'])
  assert.deepEqual(variables('var HandlerRegisterer registerer'), ['HandlerRegisterer'])
  assert.deepEqual(variables('var A, B = f(func() { var inner = 1 }), 2\nvar C int'), ['A', 'B', 'C'])
  assert.deepEqual(variables('var (\n\tA = map[string]int{\n\t\t"x": 1,\n\t}\n\n\t// B = 1\n\tC, D T; E = 2\n)\nvar F = 1'), [
    'A',
    'C',
    'D',
    'E',
    'F'
  ])
  assert.deepEqual(variables('var(A=1)'), ['A'])
})

test('comments, texts and inner declarations are none', () => {
  const source =
    "const s = `\nvar A = 1\n` // var B = 1\n/* var C = 1 */ var D = '\"'\nfunc f() {\n\tvar E = 1\n}\nconst HandlerRegisterer = 1\ntype var2 int"
  assert.deepEqual(variables(source), ['D'])
})

test('func main, and no method of that name', () => {
  assert.equal(symbolsOf('package main\nfunc main() {}').hasMain, true)
  assert.equal(symbolsOf('package main\nfunc (r) main() {}\nfunc mainly() {}\n// func main() {}').hasMain, false)
})

test('the line of import "C"', () => {
  assert.equal(symbolsOf('package main\n\n// #include <a.h>\nimport "C"').cgoLine, 4)
  assert.equal(symbolsOf('package main\nimport (\n\t"fmt"\n\t"C"\n)').cgoLine, 4)
  assert.equal(symbolsOf('package main\nimport "c"\nvar s = `import "C"`').cgoLine, 0)
})

test('what is no Go does not stop it', () => {
  assert.deepEqual(variables('}}} var A = ` unclosed'), [])
})
