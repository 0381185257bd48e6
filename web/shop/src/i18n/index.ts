import { computed, ref, shallowReactive } from 'vue'
// #ifndef H5
import en from './en'
// #endif
import type later from './later.zh'
import zh from './zh'

export type Lang = 'zh' | 'en'
export type Key = keyof typeof zh | keyof typeof later
type Params = Record<string, string | number>

const STORED = 'tiefen.lang'
type Book = Partial<Record<Key, string>>
/** English comes to a browser when somebody reads it; a mini program is fetched whole and has it at once. */
const books = shallowReactive<{ zh: Book; en: Book }>({ zh, en: {} })
// #ifndef H5
books.en = en
// #endif

/** More Chinese words, for pages that are fetched later. */
export function add(words: Book): void {
  books.zh = { ...books.zh, ...words }
}

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
  const sentence = books[lang.value][key] ?? ''
  return params ? sentence.replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? '')) : sentence
}

/** `t` for a key made of parts, such as an order's status; an unknown one shows as itself rather than as nothing. */
export function tOr(key: string, fallback: string): string {
  return (books[lang.value] as Record<string, string>)[key] ?? fallback
}

export async function setLang(next: Lang): Promise<void> {
  uni.setStorageSync(STORED, next)
  await learn(next)
  lang.value = next
}

/** Fetches a language's book where it is not here yet; without a line the Chinese one is better than none. */
async function learn(next: Lang): Promise<void> {
  // #ifdef H5
  if (next === 'en' && !('tab.home' in books.en)) books.en = await import('./en').then((book) => book.default, () => books.zh)
  // #endif
}
void learn(lang.value)

/** The tab bar belongs to the system, so its words are set by hand. */
export function dressTabs(): void {
  const words: Key[] = ['tab.home', 'tab.category', 'tab.cart', 'tab.me']
  words.forEach((word, index) => uni.setTabBarItem({ index, text: t(word), fail: () => undefined }))
}
