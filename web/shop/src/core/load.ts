import { onPullDownRefresh } from '@dcloudio/uni-app'
import { onUnmounted, ref, shallowRef, type Ref } from 'vue'
import { lang } from '@/i18n'
import { server } from '@/platform'
import { asApiError, type ApiError } from './errors'

export interface Loaded<T> {
  data: Ref<T | null>
  error: Ref<ApiError | null>
  loading: Ref<boolean>
  /** True while what is shown may be older than the server's truth because it could not be reached. */
  stale: Ref<boolean>
  load: () => Promise<void>
}

/**
 * A page's data with its three faces: loading, failed, there. Answers that arrive after a newer question was asked
 * are dropped. With `remember` the last answer is shown while asking, and kept when there is no network.
 */
export function useLoad<T>(ask: () => Promise<T>, remember?: string): Loaded<T> {
  const stored = remember ? `tiefen.seen:${server}:${remember}` : ''
  const data = shallowRef<T | null>(null) as Ref<T | null>
  const error = ref<ApiError | null>(null) as Ref<ApiError | null>
  const loading = ref(true)
  const stale = ref(false)
  let turn = 0

  if (stored) data.value = (uni.getStorageSync(stored + lang.value) as T | '') || null

  async function load(): Promise<void> {
    const mine = ++turn
    loading.value = true
    try {
      const answer = await ask()
      if (mine !== turn) return
      data.value = answer
      error.value = null
      stale.value = false
      if (stored) uni.setStorage({ key: stored + lang.value, data: answer })
    } catch (thrown) {
      if (mine !== turn) return
      const problem = asApiError(thrown)
      stale.value = data.value !== null && problem.kind !== 'refused'
      if (!stale.value) error.value = problem
    } finally {
      if (mine === turn) loading.value = false
    }
  }

  return { data, error, loading, stale, load }
}

/** Pulling the page down asks again. */
export function usePull(load: () => Promise<void>): void {
  onPullDownRefresh(() => void load().finally(() => uni.stopPullDownRefresh()))
}

interface PageOf<T> {
  items: T[]
  next: string | null
}

/** A list that grows page by page. */
export function usePages<T>(ask: (cursor: string | null) => Promise<PageOf<T>>) {
  const items = shallowRef<T[]>([])
  const next = ref<string | null>(null)
  const error = ref<ApiError | null>(null) as Ref<ApiError | null>
  const loading = ref(true)
  let turn = 0

  async function read(cursor: string | null): Promise<void> {
    const mine = ++turn
    loading.value = true
    if (!cursor) error.value = null
    try {
      const page = await ask(cursor)
      if (mine !== turn) return
      items.value = cursor ? [...items.value, ...page.items] : page.items
      next.value = page.next
      error.value = null
    } catch (thrown) {
      if (mine === turn) error.value = asApiError(thrown)
    } finally {
      if (mine === turn) loading.value = false
    }
  }

  return {
    items,
    error,
    loading,
    hasMore: () => next.value !== null,
    load: () => read(null),
    more: async () => {
      if (next.value && !loading.value) await read(next.value)
    },
  }
}

/** Runs one thing at a time: a second tap while the first is under way does nothing. */
export function useOnce<A extends unknown[]>(act: (...args: A) => Promise<void>) {
  const busy = ref(false)
  async function run(...args: A): Promise<void> {
    if (busy.value) return
    busy.value = true
    try {
      await act(...args)
    } finally {
      busy.value = false
    }
  }
  return { busy, run }
}

/** A clock that ticks while the page lives. */
export function useTick(every: () => void, ms = 1000): void {
  const timer = setInterval(every, ms)
  onUnmounted(() => clearInterval(timer))
}
