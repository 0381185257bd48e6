import type { Locale } from '@tiefen/format'
import { createI18n } from 'vue-i18n'
import shell from '../shell/messages'

export interface Messages {
  [key: string]: string | Messages
}

/** What a room's messages.ts exports: the same keys in both languages (a test compares them). */
export interface RoomMessages {
  zh: Messages
  en: Messages
}

const KEY = 'tiefen.language'

function initial(): Locale {
  const kept = localStorage.getItem(KEY)
  if (kept === 'zh' || kept === 'en') return kept
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en'
}

export const i18n = createI18n({
  legacy: false,
  locale: initial() as string,
  fallbackLocale: 'zh',
  messages: { zh: shell.zh, en: shell.en },
})

export function currentLocale(): Locale {
  return i18n.global.locale.value === 'en' ? 'en' : 'zh'
}

export function setLocale(locale: Locale): void {
  localStorage.setItem(KEY, locale)
  i18n.global.locale.value = locale
  markDocument()
}

/** Tells the browser and assistive technology which language the page speaks. */
export function markDocument(): void {
  document.documentElement.lang = currentLocale() === 'zh' ? 'zh-CN' : 'en'
}

const loaded = new Set<string>()

/** Adds a room's texts under its own id; a room is fetched once. */
export async function loadMessages(room: string, load: () => Promise<{ default: RoomMessages }>): Promise<void> {
  if (loaded.has(room)) return
  const { default: messages } = await load()
  i18n.global.mergeLocaleMessage('zh', { [room]: messages.zh })
  i18n.global.mergeLocaleMessage('en', { [room]: messages.en })
  loaded.add(room)
}
