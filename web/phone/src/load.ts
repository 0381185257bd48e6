import { ref, shallowRef, type Ref } from 'vue'
import { ApiError } from '@tiefen/client'

function asApiError(thrown: unknown): ApiError {
  return thrown instanceof ApiError ? thrown : new ApiError(500, 'phone.broken', '')
}

/** A page's data with its three faces; an answer to an older question is dropped. */
export function useLoad<T>(ask: () => Promise<T>) {
  const data = shallowRef<T | null>(null) as Ref<T | null>
  const error = shallowRef<ApiError | null>(null)
  const loading = ref(true)
  let turn = 0

  async function load(): Promise<void> {
    const mine = ++turn
    loading.value = true
    try {
      const answer = await ask()
      if (mine !== turn) return
      data.value = answer
      error.value = null
    } catch (thrown) {
      if (mine === turn) error.value = asApiError(thrown)
    } finally {
      if (mine === turn) loading.value = false
    }
  }
  return { data, error, loading, load }
}

/** One deed at a time, with the refusal kept to be shown where the deed was asked for. */
export function useDeed<A extends unknown[]>(act: (...args: A) => Promise<void>) {
  const busy = ref(false)
  const problem = shallowRef<ApiError | null>(null)

  async function run(...args: A): Promise<void> {
    if (busy.value) return
    busy.value = true
    problem.value = null
    try {
      await act(...args)
    } catch (thrown) {
      problem.value = asApiError(thrown)
    } finally {
      busy.value = false
    }
  }
  return { busy, problem, run }
}

interface PageOf<T> {
  items: T[]
  next: string | null
}

/** A list that grows page by page. */
export function usePages<T>(ask: (cursor: string | null) => Promise<PageOf<T>>) {
  const items = shallowRef<T[]>([])
  const next = ref<string | null>(null)
  const error = shallowRef<ApiError | null>(null)
  const loading = ref(true)
  let turn = 0

  async function read(cursor: string | null): Promise<void> {
    const mine = ++turn
    loading.value = true
    if (!cursor) items.value = []
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
  return { items, next, error, loading, load: () => read(null), more: () => (next.value ? read(next.value) : undefined) }
}
