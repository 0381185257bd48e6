import type { Locale } from '@tiefen/format'

/** A text in both languages, for the few that are needed before a room's messages are loaded. */
export interface Words {
  zh: string
  en: string
}

export function say(words: Words, locale: Locale): string {
  return words[locale]
}
