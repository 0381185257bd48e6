import { ref } from 'vue'
import en from './en'
import zh from './zh'

export type Lang = 'zh' | 'en'
export type Key = keyof typeof zh

const STORED = 'tiefen.sandbox.lang'
const books: Record<Lang, Record<Key, string>> = { zh, en }
const kept = localStorage.getItem(STORED)

export const lang = ref<Lang>(kept === 'zh' || kept === 'en' ? kept : /^en/i.test(navigator.language) ? 'en' : 'zh')

export function t(key: Key, params?: Record<string, string | number>): string {
  const sentence = books[lang.value][key]
  return params ? sentence.replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? '')) : sentence
}

/** A sentence for a key built from the sandbox's own words; an unknown one shows as it came. */
export function tOf(prefix: string, word: string): string {
  return (books[lang.value] as Record<string, string>)[`${prefix}.${word}`] ?? word
}

export function setLang(next: Lang): void {
  lang.value = next
  localStorage.setItem(STORED, next)
  wear()
}

/** Tells the document which language it speaks. */
export function wear(): void {
  document.documentElement.lang = lang.value === 'zh' ? 'zh-CN' : 'en'
  document.title = t('app.title')
}
