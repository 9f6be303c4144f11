/** The pages of the admin port, each one response that needs no other file: markup, style and script with their hashes. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { send } from './send.js'

const FOLDER = new URL('page/', import.meta.url)

const read = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8')
/** The modules of the script, each behind those that it imports. */
const MODULES = ['format.js', 'merge.js', 'table.js', 'connection.js', 'page.js']

/** The script as one module: a page that asks for nothing has no imports. */
const script = (): string =>
  MODULES.map(name =>
    read(name)
      .replace(/^import .*\n/gm, '')
      .replace(/^export /gm, '')
  ).join('\n')

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** A page and the policy that lets it run nothing but itself. */
export class Page {
  private readonly html: Buffer
  private readonly policy: string

  /** @param script '' for a page without one */
  constructor(markup: string, style: string, script: string) {
    const parts = { style: `<style>${style}</style>`, script: script === '' ? '' : `<script type="module">${script}</script>` }
    this.html = Buffer.from(markup.replace(/<!-- (style|script) -->/g, (_, name: 'style' | 'script') => parts[name]))
    this.policy = [
      "default-src 'none'",
      `style-src ${hashOf(style)}`,
      `script-src ${script === '' ? "'none'" : hashOf(script)}`,
      "connect-src 'self'",
      'img-src data:',
      "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'"
    ].join('; ')
  }

  send(res: ServerResponse, status = 200): void {
    res.setHeader('Content-Security-Policy', this.policy)
    send(res, status, 'text/html; charset=utf-8', this.html)
  }
}

/** All pages; read when an admin port is created. */
export class AdminPages {
  readonly status: Page
  readonly login: Page
  readonly refusedLogin: Page

  /** @param canLogOut the port has a token */
  constructor(canLogOut: boolean) {
    const style = read('page.css')
    const form = canLogOut ? read('logout.html') : ''
    const login = read('login.html')
    this.status = new Page(read('page.html').replace('<!-- logout -->', form), style, script())
    this.login = new Page(login.replace('<!-- refusal -->', ''), style, '')
    this.refusedLogin = new Page(login.replace('<!-- refusal -->', '<p role="alert">This is not the token.</p>'), style, '')
  }
}
