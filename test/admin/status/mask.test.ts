import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mask } from '../../../src/admin/status/mask.js'

for (const [text, masked] of [
  ['http://user:secret@a.test:80/x', 'http://…@a.test:80/x'],
  ['connect to https://tok%65n@a.test, then http://u:p@b.test', 'connect to https://…@a.test, then http://…@b.test'],
  ['amqp://guest:guest@mq/', 'amqp://…@mq/'],
  ['GET http://a.test/x?key=secret&b=2#f', 'GET http://a.test/x?key=…&b=…#f'],
  ['/users/{id}?id={id}&token=abc', '/users/{id}?id={id}&token=…'],
  ['http://a.test/users/@me', 'http://a.test/users/@me'],
  ['mail me@a.test', 'mail me@a.test'],
  ['no URL here', 'no URL here']
] as const) {
  test(`${text} is shown as ${masked}`, () => assert.equal(mask(text), masked))
}
