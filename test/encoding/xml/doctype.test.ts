import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { doctypeFault } from '../../../src/encoding/xml/doctype.js'

const accepted = [
  ' r',
  '\n r \t',
  ' r SYSTEM "http://127.0.0.1:1/x.dtd"',
  ` r PUBLIC '-//A//B (c) 1.0//EN' "it's.dtd"`,
  ' r[]',
  ' r SYSTEM "x" [ ] ',
  ' é:r [<!ELEMENT r EMPTY>]',
  ' r [<!ELEMENT r ANY ><!ELEMENT s (#PCDATA)><!ELEMENT t (#PCDATA)*><!ELEMENT u ( #PCDATA | a|b )*>]',
  ' r [<!ELEMENT r (a)><!ELEMENT s (a?,b*,c+)?><!ELEMENT t ((a|b)+ , ( c , (d|e)* ) )>]',
  ' r [<!ATTLIST r><!ATTLIST r a CDATA #REQUIRED b ID #IMPLIED c (x|1y) "x" d NOTATION (n|m) #FIXED \'n\'>]',
  ' r [<!ATTLIST r a CDATA "&lt;&#65;&#x41;">]',
  ' r [<!NOTATION n SYSTEM "a"><!NOTATION m PUBLIC "a"><!NOTATION o PUBLIC "a" "b">]',
  ' r [<!-- <!ENTITY a "b"> - --><?pi <!ENTITY?? ?><?p?>%parameter;]',
  ' r [<?xml-stylesheet a?>]'
]

const refused: [text: string, message: RegExp][] = [
  ['', /malformed document type/],
  [' ', /malformed document type/],
  ['r', /malformed document type/],
  [' r SYSTEM', /malformed document type/],
  [' r PUBLIC "a"', /malformed document type/],
  [' r PUBLIC "{}" "b"', /malformed document type/],
  [' r x', /malformed document type/],
  [' r [] x', /malformed document type/],
  [' r [', /malformed declaration/],
  [' r [x]', /malformed declaration/],
  [' r [<!ELEMENT r>]', /malformed declaration/],
  [' r [<!ELEMENT r ()>]', /malformed declaration/],
  [' r [<!ELEMENT r (a,b|c)>]', /malformed declaration/],
  [' r [<!ELEMENT r (a b)>]', /malformed declaration/],
  [' r [<!ELEMENT r (a,)>]', /malformed declaration/],
  [' r [<!ELEMENT r (a))>]', /malformed declaration/],
  [' r [<!ELEMENT r (#PCDATA|a)>]', /malformed declaration/],
  [' r [<!ELEMENT r (a|#PCDATA)*>]', /malformed declaration/],
  [' r [<!ELEMENT r empty>]', /malformed declaration/],
  [' r [<!ATTLIST r a>]', /malformed declaration/],
  [' r [<!ATTLIST r a TEXT #IMPLIED>]', /malformed declaration/],
  [' r [<!ATTLIST r a CDATA "<">]', /malformed declaration/],
  [' r [<!ATTLIST r a CDATA "&own;">]', /malformed declaration/],
  [' r [<!ATTLIST r a (x|) "x">]', /malformed declaration/],
  [' r [<!NOTATION n>]', /malformed declaration/],
  [' r [<!-- a -- b -->]', /malformed declaration/],
  [' r [<?xml version="1.0"?>]', /malformed declaration/],
  [' r [<![INCLUDE[]]>]', /malformed declaration/],
  [' r [% p;]', /malformed declaration/],
  [' r [<!ENTITY a "b">]', /entity declarations/],
  [' r [<!ELEMENT r ANY><!ENTITY % a SYSTEM "file:///etc/passwd">%a;]', /entity declarations/],
  [` r [<!--${' '.repeat(300_000)}-->]`, /longer than/]
]

describe('doctypeFault', () => {
  for (const text of accepted) it(`takes${text}`, () => assert.equal(doctypeFault(text), undefined))
  for (const [text, message] of refused) {
    it(`refuses${text.slice(0, 80)}`, () => assert.match(doctypeFault(text) ?? 'accepted', message))
  }

  it('copes with groups of any depth', () => {
    const depth = 50_000
    assert.equal(doctypeFault(` r [<!ELEMENT r ${'('.repeat(depth)}a${')'.repeat(depth)}>]`), undefined)
  })
})
