import { ref } from 'vue'
import zh from './zh'

export type Lang = 'zh' | 'en'
export type Key = keyof typeof zh

const STORED = 'tiefen.sandbox.lang'
type Book = Record<Key, string>
/** English is fetched when it is asked for. */
const books: { zh: Book; en?: Book } = { zh }
const kept = localStorage.getItem(STORED)

const wanted: Lang = kept === 'zh' || kept === 'en' ? kept : /^en/i.test(navigator.language) ? 'en' : 'zh'
export const lang = ref<Lang>('zh')
const book = (): Book => books[lang.value] ?? zh

export function t(key: Key, params?: Record<string, string | number>): string {
  const sentence = book()[key]
  return params ? sentence.replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? '')) : sentence
}

/** A sentence for a key built from the sandbox's own words; an unknown one shows as it came. */
export function tOf(prefix: string, word: string): string {
  return (book() as Record<string, string>)[`${prefix}.${word}`] ?? word
}

/** Speaks another language from now on, and the next time too. */
export async function setLang(next: Lang): Promise<void> {
  await wear(next)
  localStorage.setItem(STORED, next)
}

/** Puts a language on: at the start the one of last time, else the browser's. */
export async function wear(next: Lang = wanted): Promise<void> {
  if (next === 'en') books.en ??= (await import('./en')).default
  lang.value = next
  document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en'
  document.title = t('app.title')
}
