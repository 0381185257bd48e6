/** A list of the sandbox's that is narrowed while one types and read on page by page. */
import { onMounted, onUnmounted, ref, shallowRef, watch } from 'vue'
import type { Ref, ShallowRef } from 'vue'
import { get, query } from './api'
import { words } from './deed'
import type { Listed } from './types'

const TYPING_MS = 200

interface Sought<T> {
  sought: Ref<string>
  found: ShallowRef<T[] | null>
  next: Ref<string | null>
  broken: Ref<string>
  read: (cursor: string | null) => Promise<void>
}

/** What is at `path`, `limit` a page; an answer to what is no longer asked is passed over. */
export function useListed<T>(path: string, limit: number): Sought<T> {
  const sought = ref('')
  const found = shallowRef<T[] | null>(null)
  const next = ref<string | null>(null)
  const broken = ref('')
  let turn = 0
  let typing = 0

  async function read(cursor: string | null): Promise<void> {
    const mine = ++turn
    try {
      const page = await get<Listed<T>>(`${path}${query({ q: sought.value.trim(), limit, cursor })}`)
      if (mine !== turn) return
      found.value = cursor ? [...(found.value ?? []), ...page.items] : page.items
      next.value = page.next
      broken.value = ''
    } catch (thrown) {
      if (mine === turn) broken.value = words(thrown)
    }
  }

  watch(sought, () => {
    clearTimeout(typing)
    typing = window.setTimeout(() => void read(null), TYPING_MS)
  })
  onMounted(() => void read(null))
  onUnmounted(() => {
    clearTimeout(typing)
    turn += 1
  })
  return { sought, found, next, broken, read }
}
