import { computed, ref } from 'vue'
import en from './en'
import zh from './zh'

export type Lang = 'zh' | 'en'
export type Key = keyof typeof zh
type Params = Record<string, string | number>

const STORED = 'tiefen.lang'
const books: Record<Lang, Record<Key, string>> = { zh, en }

function first(): Lang {
  const chosen = uni.getStorageSync(STORED) as Lang | ''
  if (chosen === 'zh' || chosen === 'en') return chosen
  return /^en/i.test(uni.getSystemInfoSync().language ?? '') ? 'en' : 'zh'
}

export const lang = ref<Lang>(first())
/** For the Accept-Language header and for dates. */
export const locale = computed(() => (lang.value === 'zh' ? 'zh-CN' : 'en'))

/** The sentence for a key in the reader's language, with `{name}` filled in. */
export function t(key: Key, params?: Params): string {
  const sentence = books[lang.value][key]
  return params ? sentence.replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? '')) : sentence
}

/** `t` for a key made of parts, such as an order's status; an unknown one shows as itself rather than as nothing. */
export function tOr(key: string, fallback: string): string {
  return (books[lang.value] as Record<string, string>)[key] ?? fallback
}

export function setLang(next: Lang): void {
  lang.value = next
  uni.setStorageSync(STORED, next)
}

/** The tab bar belongs to the system, so its words are set by hand. */
export function dressTabs(): void {
  const words: Key[] = ['tab.home', 'tab.category', 'tab.cart', 'tab.me']
  words.forEach((word, index) => uni.setTabBarItem({ index, text: t(word), fail: () => undefined }))
}
