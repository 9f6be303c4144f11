/** Characters that turn the direction of a line, or that cannot be seen: a name with them would look like another. */
const HIDDEN = /[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** Spells them as their numbers, `\u202e`. */
export function spellHidden(text: string): string {
  return text.replace(HIDDEN, found => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
