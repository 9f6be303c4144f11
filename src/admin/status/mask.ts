/** Hides what URLs carry besides their address: user, password, the values of the query. */

const CREDENTIALS = /(\b[a-z][a-z\d+.-]*:\/\/)[^\s/?#"'@]*@/gi
const QUERY_VALUE = /([?&][^\s=&#"'|]*=)(?!\{)[^\s&#"'|]+/g

/** Masks every URL in a text. Placeholders of patterns (`{id}`) stay. */
export function mask(text: string): string {
  return text.replace(CREDENTIALS, '$1…@').replace(QUERY_VALUE, '$1…')
}
