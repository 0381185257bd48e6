import { computed, ref, type Ref } from 'vue'

/** Where the phone is: `#/orders/123?tab=x` → parts ['orders', '123'], query {tab: 'x'}. */
export interface Place {
  parts: string[]
  query: Record<string, string>
}

export function placeOf(hash: string): Place {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?')
  return {
    parts: path.split('/').filter(Boolean).map(decodeURIComponent),
    query: Object.fromEntries(new URLSearchParams(search)),
  }
}

const hash = ref(location.hash)
window.addEventListener('hashchange', () => {
  hash.value = location.hash
  window.scrollTo(0, 0)
})

export const place: Ref<Place> = computed(() => placeOf(hash.value))
export const head = computed(() => place.value.parts[0] ?? '')

export function go(to: string): void {
  location.hash = to
}

/** Back, or to the page above when this one was opened from a message. */
export function back(above: string): void {
  if (history.length > 1 && document.referrer === '' && moved) history.back()
  else go(above)
}

let moved = false
window.addEventListener('hashchange', () => {
  moved = true
})
