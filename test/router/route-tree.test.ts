import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import FindMyWay from 'find-my-way'
import { compileRoutePattern, toRouterPath } from '../../src/router/route-pattern.js'
import { RouteTree, type TreeMatch, type TreeRoute } from '../../src/router/route-tree.js'

interface Named extends TreeRoute {
  readonly path: string
}

function routeOf(path: string, disableRest = false): Named {
  const pattern = compileRoutePattern(path, disableRest)
  const { names, wildcard } = pattern
  return { path, pattern, names: names.map((_, i) => (wildcard && i === names.length - 1 ? '*' : `p${i}`)) }
}

function treeOf(paths: readonly string[], { disableRest = false } = {}): RouteTree<Named> {
  const tree = new RouteTree<Named>(true)
  for (const path of paths) tree.add(routeOf(path, disableRest))
  return tree
}

/** The path of the route that was found, and its values. */
const found = (tree: RouteTree<Named>, path: string): string | undefined => textOf(tree.find(path))
const foundFolded = (tree: RouteTree<Named>, path: string): string | undefined => textOf(tree.findFolded(path))

function textOf(match: TreeMatch<Named> | undefined): string | undefined {
  return match && [match.route.path, ...Object.values(match.values)].join(' ')
}

test('finds what find-my-way finds when it has all routes from the start', () => {
  const segment = fc.constantFrom('a', 'ab', 'b', 'a.b', 'much-longer', '{x}', '{y}')
  const rest = fc.constantFrom('', '', '/*', '/{rest...}')
  const path = fc.tuple(fc.array(segment, { minLength: 1, maxLength: 4 }), rest).map(([all, end]) => `/${all.join('/')}${end}`)
  const asked = fc.array(fc.constantFrom('a', 'ab', 'b', 'a.b', 'much-longer', 'c', ''), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(
      fc.array(path, { minLength: 1, maxLength: 12 }),
      fc.array(asked, { minLength: 1, maxLength: 8 }),
      (paths, all) => {
        const plain = FindMyWay()
        const tree = new RouteTree<Named>(true)
        for (const route of paths.filter(one => /[{*]/.test(one)).map(one => routeOf(one))) {
          if (!tree.add(route)) continue
          plain.on('GET', toRouterPath(route.pattern, route.names), () => {}, route)
        }
        for (const one of all) {
          const wanted = plain.find('GET', `/${one.join('/')}`)
          const match = tree.find(`/${one.join('/')}`)
          assert.equal(match?.route, wanted?.store ?? undefined)
          assert.deepEqual({ ...match?.values }, { ...wanted?.params })
        }
      }
    )
  )
})

test('finds routes of a short folder with many slashes beside a long folder with few', () => {
  for (const paths of [
    ['/much-longer/{id}', '/a/b/{id}'],
    ['/a/b/{id}', '/much-longer/{id}']
  ]) {
    const tree = treeOf(paths)
    assert.equal(found(tree, '/a/b/1'), '/a/b/{id} 1')
    assert.equal(found(tree, '/much-longer/2'), '/much-longer/{id} 2')
    assert.equal(foundFolded(tree, '/A/b/1'), '/a/b/{id} 1')
  }
})

test('takes one route for the same paths', () => {
  const tree = treeOf(['/a/{id}', '/a/{id}/b', '/f/*'])
  for (const path of ['/a/{other}', '/a/{x}/b', '/f/{rest...}']) assert.equal(tree.add(routeOf(path)), false, path)
  assert.equal(found(tree, '/a/1'), '/a/{id} 1')
  assert.equal(tree.add(routeOf('/a/{x}')), false, 'also when it has been asked for')
})

test('finds routes of one folder when there are many', () => {
  const tree = treeOf(Array.from({ length: 300 }, (_, i) => `/{tenant}/service${i}`))
  assert.equal(found(tree, '/blue/service0'), '/{tenant}/service0 blue')
  assert.equal(found(tree, '/blue/service299'), '/{tenant}/service299 blue')
  assert.equal(found(tree, '/blue/service300'), undefined)
})

test('parameters within a segment belong to the folder of their segment', () => {
  const tree = treeOf(['/a/file-{name}', '/a/{x}', '/a/file-1/{y}'], { disableRest: true })
  assert.equal(found(tree, '/a/file-1'), '/a/file-{name} 1')
  assert.equal(found(tree, '/a/other'), '/a/{x} other')
  assert.equal(found(tree, '/a/file-1/2'), '/a/file-1/{y} 2')
})

test('finds routes without regard to case', () => {
  const tree = treeOf(['/Orders/{id}', '/orders/{ID}', '/orders/{id}/Lines'])
  assert.equal(foundFolded(tree, '/ORDERS/Q7'), '/Orders/{id} Q7')
  assert.equal(foundFolded(tree, '/oRders/Q7/lINES'), '/orders/{id}/Lines Q7')
  assert.equal(found(tree, '/orders/Q7'), '/orders/{ID} Q7')
  assert.equal(found(tree, '/ORDERS/Q7'), undefined)
  assert.equal(new RouteTree<Named>(false).findFolded('/orders/Q7'), undefined)
})

test('a path that find-my-way refuses fails when it is added', () => {
  assert.throws(() => treeOf(['/a*b/{id}']), /Wildcard must be the last/)
})

test('a path of many slashes costs no more than the folders that wait', () => {
  const tree = treeOf(['/deep/er/{id}'])
  assert.equal(found(tree, '/'.repeat(100_000)), undefined)
  assert.equal(found(tree, `/${'x'.repeat(100_000)}/y`), undefined)
  assert.equal(found(tree, '/deep/er/1'), '/deep/er/{id} 1')
})
