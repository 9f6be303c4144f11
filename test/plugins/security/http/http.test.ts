import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:http2'
import { request } from 'node:https'
import { join } from 'node:path'
import { test } from 'node:test'
import { redirectBody } from '../../../../plugins/security/http/rules.js'
import { SERVER_CERTS } from '../../../support/certificates.js'
import { openGateway } from '../../../support/open-gateway.js'
import { once } from '../../../support/waiting.js'
import { build, endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

const secure = (options: object) => ({ 'security/http': options })
const at = (options: object, host = NOWHERE) => ({ extra_config: secure(options), endpoints: [endpoint('/a', host)] })

test('answers carry the fields that are asked for, in place of the upstream ones', async t => {
  const host = await startUpstream(t, (_, res) => {
    res.setHeader('x-frame-options', 'SAMEORIGIN')
    res.setHeader('Referrer-Policy', 'unsafe-url')
    res.end('x')
  })
  const options = {
    frame_deny: true,
    content_type_nosniff: true,
    browser_xss_filter: true,
    content_security_policy: "default-src 'self'",
    referrer_policy: 'same-origin',
    sts_seconds: 5
  }
  const { gateway } = await build(t, {
    extra_config: secure(options),
    endpoints: [endpoint('/a', host, { output_encoding: 'no-op' })]
  })
  for (const path of ['/a', '/nowhere']) {
    const { rawHeaders, headers } = await gateway.request({ path })
    assert.equal(headers['x-frame-options'], 'DENY')
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['x-xss-protection'], '1; mode=block')
    assert.equal(headers['content-security-policy'], "default-src 'self'")
    assert.equal(headers['referrer-policy'], 'same-origin')
    assert.equal(headers['strict-transport-security'], undefined)
    assert.equal(rawHeaders.filter(name => /^x-frame-options$/i.test(name)).length, 1)
  }
})

test('health and redirects stand outside', async t => {
  const { gateway } = await build(t, at({ frame_deny: true, allowed_hosts: ['ok.test'] }))
  assert.equal((await gateway.request({ path: '/__health' })).status, 200)
  const redirect = await gateway.request({ path: '/a/' })
  assert.deepEqual([redirect.status, redirect.headers['x-frame-options']], [301, undefined])
})

test('an own value for frames wins', async t => {
  const { gateway } = await build(t, at({ frame_deny: true, custom_frame_options_value: 'SAMEORIGIN' }))
  assert.equal((await gateway.request({ path: '/a' })).headers['x-frame-options'], 'SAMEORIGIN')
})

test('only known hosts are served', async t => {
  const host = await startUpstream(t)
  const { gateway } = await build(
    t,
    at({ allowed_hosts: ['OK.test', 'b.test:81'], host_proxy_headers: ['X-Host', 'X-H2'] }, host)
  )
  const ask = (headers: Record<string, string>) => gateway.request({ path: '/a', headers })
  assert.equal((await ask({ Host: 'ok.TEST' })).status, 200)
  assert.equal((await ask({ Host: 'b.test:81' })).status, 200)
  const refused = await ask({ Host: 'ok.test:80' })
  assert.deepEqual([refused.status, refused.text(), refused.headers['x-content-type-options']], [500, 'Bad Host\n', 'nosniff'])
  assert.equal((await ask({ Host: 'bad.test', 'X-H2': 'ok.test' })).status, 200)
  assert.equal((await ask({ Host: 'ok.test', 'X-Host': 'bad.test' })).status, 500)
})

test('the authority of an absolute target wins over Host', async t => {
  const host = await startUpstream(t)
  const { gateway } = await build(t, at({ allowed_hosts: ['ok.test'] }, host))
  assert.equal((await gateway.request({ path: 'http://bad.test/a', headers: { Host: 'ok.test' } })).status, 500)
})

test('hosts may be patterns, which match in time proportional to the text', async t => {
  const host = await startUpstream(t)
  const options = { allowed_hosts: ['^[a-z]+\\.ok\\.test$', '^(a+)+$'], allowed_hosts_are_regex: true }
  const { gateway } = await build(t, at(options, host))
  const ask = async (name: string): Promise<number> => (await gateway.request({ path: '/a', headers: { Host: name } })).status
  assert.equal(await ask('API.ok.test'), 200)
  assert.equal(await ask('api.ok.test.evil'), 500)
  assert.equal(await ask(`${'a'.repeat(4000)}!`), 500)
})

test('plain requests are sent to https', async t => {
  const host = await startUpstream(t)
  const options = { ssl_redirect: true, ssl_host: 'safe.test', ssl_proxy_headers: { 'X-Forwarded-Proto': 'https' } }
  const { gateway } = await build(t, at({ ...options, sts_seconds: 60, sts_include_subdomains: true }, host))
  const plain = await gateway.request({ path: '/a?b=<1>&c' })
  assert.equal(plain.status, 301)
  assert.equal(plain.headers.location, 'https://safe.test/a?b=<1>&c')
  assert.equal(plain.text(), '<a href="https://safe.test/a?b=&lt;1&gt;&amp;c">Moved Permanently</a>.\n\n')
  const posted = await gateway.request({ method: 'POST', path: '/a', body: '{}' })
  assert.deepEqual([posted.status, posted.body.length, posted.headers['content-type']], [301, 0, undefined])
  const head = await gateway.request({ method: 'HEAD', path: '/a' })
  assert.equal(head.headers['content-type'], 'text/html; charset=utf-8')
  const encrypted = await gateway.request({ path: '/a', headers: { 'X-Forwarded-Proto': 'https' } })
  assert.equal(encrypted.status, 200)
  assert.equal(encrypted.headers['strict-transport-security'], 'max-age=60; includeSubDomains')
  assert.equal((await gateway.request({ path: '/a', headers: { 'X-Forwarded-Proto': 'http' } })).status, 301)
})

test('without a host of its own the redirect keeps the one of the request, if it is one', async t => {
  const { gateway } = await build(t, at({ ssl_redirect: true, host_proxy_headers: ['X-Host'] }))
  assert.equal(
    (await gateway.request({ path: '/a', headers: { Host: 'me.test:8080' } })).headers.location,
    'https://me.test:8080/a'
  )
  assert.equal((await gateway.request({ path: '/a', headers: { 'X-Host': 'evil.test/x?' } })).status, 500)
})

test('bodies of redirects are escaped', () => {
  assert.equal(redirectBody(`"'`), '<a href="&#34;&#39;">Moved Permanently</a>.\n\n')
})

test('the development mode leaves out hosts, redirects and transport security', async t => {
  const host = await startUpstream(t)
  const options = { is_development: true, allowed_hosts: ['x'], ssl_redirect: true, sts_seconds: 9, force_sts_header: true }
  const { gateway } = await build(t, at({ ...options, frame_deny: true }, host))
  const answer = await gateway.request({ path: '/a' })
  assert.deepEqual([answer.status, answer.headers['strict-transport-security']], [200, undefined])
  assert.equal(answer.headers['x-frame-options'], 'DENY')
})

test('connections that are encrypted are known as such, over HTTP/1.1 and HTTP/2', async t => {
  const certs = SERVER_CERTS
  const host = await startUpstream(t)
  const { port } = await openGateway(t, {
    ...at({ ssl_redirect: true, sts_seconds: 7, allowed_hosts: ['a.test'] }, host),
    tls: { keys: [{ public_key: join(certs, 'a.pem'), private_key: join(certs, 'a.key') }] }
  })
  const ca = readFileSync(join(certs, 'ca.pem'))
  const options = { port, host: '127.0.0.1', servername: 'a.test', path: '/a', ca, agent: false, headers: { Host: 'a.test' } }
  const [one] = await once<[IncomingMessage]>(request(options).end(), 'response')
  one.resume()
  assert.deepEqual([one.statusCode, one.headers['strict-transport-security']], [200, 'max-age=7'])
  const session = connect(`https://127.0.0.1:${port}`, { ca, servername: 'a.test' })
  t.after(() => session.destroy())
  const stream = session.request({ ':path': '/a', ':authority': 'a.test' }).resume()
  const [two] = await once<[Record<string, unknown>]>(stream.end(), 'response')
  assert.deepEqual([two[':status'], two['strict-transport-security']], [200, 'max-age=7'])
})

test('options that cannot be honoured stop the start and say where', async t => {
  const refuse = (options: object, wanted: RegExp): Promise<void> => assert.rejects(build(t, at(options)), wanted)
  await refuse({ allowed_hosts: ['a', '('], allowed_hosts_are_regex: true }, /security~1http\/allowed_hosts\/1: not a regular/)
  await refuse({ allowed_hosts: 'a' }, /security~1http\/allowed_hosts/)
  await refuse({ content_security_policy: 'a\r\nb' }, /security~1http\/content_security_policy: not the value of a header/)
  await refuse({ sts_seconds: -1 }, /sts_seconds/)
  await refuse({ ssl_proxy_headers: { a: 1 } }, /ssl_proxy_headers/)
})

test('in tolerant mode what cannot be read lets nothing more pass', async t => {
  const hosts = await build(t, at({ allowed_hosts: 'a' }), { tolerant: true })
  assert.equal((await hosts.gateway.request({ path: '/a', headers: { Host: 'a' } })).status, 500)
  await hosts.log.line(/ERROR: .*security~1http\/allowed_hosts: .* must be array/)
  const broken = await build(t, at({ allowed_hosts: ['('], allowed_hosts_are_regex: true }), { tolerant: true })
  assert.equal((await broken.gateway.request({ path: '/a' })).status, 500)
  const ssl = await build(t, at({ ssl_redirect: 'yes', ssl_proxy_headers: 'x', frame_deny: 1 }), { tolerant: true })
  assert.equal((await ssl.gateway.request({ path: '/a', headers: { Host: 'a.test' } })).status, 301)
})

test('key pinning is pointed out as gone', async t => {
  const { log } = await build(t, at({ hpkp_public_key: 'pin-sha256="abc"' }))
  await log.line(/WARNING: \[SERVICE: Router\]\[HTTPsecure\] hpkp_public_key has no effect/)
})

test('values beyond ASCII are sent as UTF-8', async t => {
  const { gateway } = await build(t, at({ content_security_policy: 'report-to "Müller 한"' }))
  const sent = (await gateway.request({ path: '/a' })).headers['content-security-policy'] as string
  assert.equal(Buffer.from(sent, 'latin1').toString(), 'report-to "Müller 한"')
})
