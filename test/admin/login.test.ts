import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addLogin, Sessions } from '../../src/admin/login.js'
import { AdminPages } from '../../src/admin/pages.js'
import { sendJson } from '../../src/admin/send.js'
import { ask, openAdmin } from './support.js'

const TOKEN = 'a-token-of-enough-length'
const HOUR = 3600 * 1000

test('a session ends after twelve hours, with another token, and when it is changed', () => {
  const sessions = new Sessions(TOKEN)
  const now = Date.now()
  const text = sessions.create(now)
  assert.equal(sessions.isValid(text, now + 11 * HOUR), true)
  assert.equal(sessions.isValid(text, now + 13 * HOUR), false)
  assert.equal(new Sessions(`${TOKEN}x`).isValid(text, now), false)
  const [end, signature] = text.split('.')
  const later = (now + 99 * HOUR).toString(36)
  for (const wrong of [`${later}.${signature}`, `${end}.`, `.${signature}`, end!, '', '.', `${text}.x`, `${text}x`])
    assert.equal(sessions.isValid(wrong, now), false, wrong)
})

async function opened(...given: Parameters<typeof openAdmin>) {
  const open = await openAdmin(...given)
  addLogin(open.server, { address: '', port: 0, token: TOKEN }, new AdminPages(true))
  open.server.route('/__sluice/', { methods: ['GET'], handle: (_, res) => sendJson(res, 200, {}) })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const login = (body: string, more = {}) =>
    ask(open.port, '/__sluice/login', { method: 'POST', headers: { ...headers, ...more }, body })
  return { ...open, login }
}

test('the token opens the page by its cookie', async t => {
  const { port, login } = await opened(t, { token: TOKEN })
  const answer = await login(`token=${TOKEN}`)
  assert.deepEqual([answer.status, answer.headers.location], [303, './'])
  const [set] = answer.headers['set-cookie']!
  assert.match(set!, /^sluice_admin=[\w.-]+; Max-Age=43200; HttpOnly; SameSite=Strict$/)
  const cookie = set!.split(';')[0]!
  assert.equal((await ask(port, '/__sluice/', { headers: { cookie: `a=b; ${cookie}; c=d` } })).status, 200)
  for (const wrong of [`x${cookie}`, cookie.slice(0, -1), 'sluice_admin=', ''])
    assert.equal((await ask(port, '/__sluice/', { headers: { cookie: wrong } })).status, 401, wrong)
})

test('another token, none, and a form of another site open nothing', async t => {
  const { port, login } = await opened(t, { token: TOKEN })
  for (const body of ['token=wrong', 'token=', '', `tokens=${TOKEN}`]) {
    const refused = await login(body)
    assert.deepEqual([refused.status, refused.headers['set-cookie']], [401, undefined], body)
    assert.match(refused.body, /This is not the token/)
  }
  for (const more of [
    { origin: 'http://evil.test' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' }
  ])
    assert.equal((await login(`token=${TOKEN}`, more)).status, 403)
  assert.equal((await login(`token=${TOKEN}`, { origin: `http://127.0.0.1:${port}` })).status, 303)
  const behindProxy = { origin: 'https://ops.example', 'sec-fetch-site': 'same-origin' }
  assert.equal((await login(`token=${TOKEN}`, behindProxy)).status, 303)
  assert.equal((await login(`token=${'x'.repeat(5000)}`)).status, 413)
})

test('browsers get the form, others a text; no refusal says what is behind it', async t => {
  const { port } = await opened(t, { token: TOKEN })
  const form = await ask(port, '/__sluice/', { headers: { accept: 'text/html,*/*' } })
  assert.equal(form.status, 401)
  assert.match(form.body, /<form method="post" action="login">/)
  assert.match((await ask(port, '/__sluice/status.json')).body, /^Send the token/)
  // beside other paths the form would be sent to the wrong one
  assert.match((await ask(port, '/other', { headers: { accept: 'text/html' } })).body, /^Send the token/)
})

test('without a token there is no login', async t => {
  const { server, port } = await openAdmin(t)
  addLogin(server, { address: '', port: 0, token: '' }, new AdminPages(false))
  assert.equal((await ask(port, '/__sluice/login', { method: 'POST' })).status, 404)
})
