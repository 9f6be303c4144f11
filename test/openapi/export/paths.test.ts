import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpoint, exported } from '../support.js'

const pathsOf = async (paths: readonly (readonly [path: string, method: string])[], more: object = {}) => {
  const { document } = await exported({ ...more, endpoints: paths.map(([path, method]) => endpoint(path, { method })) })
  return document.paths
}

test('paths of one shape are one path with the names that come first', async () => {
  const paths = await pathsOf([
    ['/x/{id}', 'GET'],
    ['/x/{id}', 'PUT'],
    ['/x/:name', 'DELETE'],
    ['/y/{a}/{a}', 'GET']
  ])
  assert.deepEqual(Object.keys(paths), ['/x/{id}', '/y/{a}/{a_2}'])
  assert.deepEqual(Object.keys(paths['/x/{id}']!), ['get', 'put', 'delete'])
  assert.deepEqual(
    paths['/y/{a}/{a_2}']!.get!.parameters!.map(one => one.name),
    ['a', 'a_2']
  )
})

test('the rest of a path is a parameter that says so', async () => {
  const paths = await pathsOf([
    ['/files/*', 'GET'],
    ['/more/{tail...}', 'GET']
  ])
  const names = Object.entries(paths).map(([path, { get }]) => [
    path,
    get!.parameters![0]!.name,
    get!.parameters![0]!.description
  ])
  for (const [path, name, description] of names) {
    assert.ok(path!.endsWith(`/{${name}}`), path)
    assert.equal(description, 'The rest of the path, with its slashes')
  }
  assert.equal(names.length, 2)
})

test('parameters within a segment', async () => {
  const paths = await pathsOf([['/x/{id}.json', 'GET']], { disable_rest: true })
  assert.deepEqual(Object.keys(paths), ['/x/{id}.json'])
})
