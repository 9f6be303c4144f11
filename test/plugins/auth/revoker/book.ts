/** A book with one filter, for tests of the ports. */

import type { TestContext } from 'node:test'
import { type BookEntry, RevocationBook } from '../../../../plugins/auth/revoker/revocation-book.js'
import type { FilterForm } from '../../../../plugins/auth/revoker/sliding-filter.js'

export function openBook(t: Pick<TestContext, 'after'>, form: FilterForm): BookEntry {
  const book = new RevocationBook()
  t.after(() => book.close())
  return book.open(form, 60)
}
