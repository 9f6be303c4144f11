import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ResponseMessage } from '../../src/message/response.js'
import { joinLayers, type Layer, layered, type Pipe, workLayer } from '../../src/pipe/layer.js'
import { nextOf } from '../../src/pipe/next.js'
import { requestOf } from '../support/request.js'

const pipe: Pipe = {
  step: { send: (_request, receiver) => receiver.receive(ResponseMessage.text('')) },
  stages: [{ name: 'call', place: 'p', holdsBody: 'no' }],
  backends: []
}

/** A layer that leaves its name on each response. */
function named(name: string): Layer {
  return workLayer(
    response => {
      response.headers.append('x-way', name)
      return response
    },
    { name, place: 'p', holdsBody: 'no' }
  )
}

const namesOf = (made: Pipe | Layer<unknown>): string[] => made.stages.map(stage => stage.name)
const wayOf = async (made: Pipe): Promise<string[]> => (await nextOf(made.step)(requestOf())).headers.getAll('x-way')

describe('layers', () => {
  test('stand around a pipe, the first one innermost, and are listed outermost first', async () => {
    const made = layered(pipe, named('a'), undefined, named('b'))
    assert.deepEqual(namesOf(made), ['b', 'a', 'call'])
    assert.deepEqual(await wayOf(made), ['a', 'b'])
  })

  test('join to one, the second outside', async () => {
    const joined = joinLayers(named('a'), named('b'))!
    assert.deepEqual(namesOf(joined), ['b', 'a'])
    assert.deepEqual(await wayOf(layered(pipe, joined)), ['a', 'b'])
    assert.deepEqual(namesOf(joinLayers(undefined, named('c'))!), ['c'])
    assert.equal(joinLayers(undefined, undefined), undefined)
  })
})
