import { computed, reactive, shallowRef, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { useLoad, type Loaded } from './load'

export interface KeysetPage<Row> {
  items: Row[]
  next?: string | null
}

export interface List<Row, Filters> {
  /** What the address bar says, with defaults filled in. Change it through `set`. */
  filters: Filters
  page: Loaded<KeysetPage<Row>>
  rows: Row[] | undefined
  number: number
  hasNext: boolean
  filtered: boolean
  set: (patch: Partial<Filters>) => void
  reset: () => void
  next: () => void
  previous: () => void
}

/**
 * A server-filtered, keyset-paged list whose whole state lives in the URL, so that reload, back and a sent link all work.
 * Going back a page uses the cursors seen on the way; after a reload in mid-list it returns to the first page.
 */
export function useList<Row, Filters extends Record<string, string>>(
  name: string,
  defaults: Filters,
  load: (filters: Filters, cursor: string | undefined) => Promise<KeysetPage<Row>>,
): List<Row, Filters> {
  const route = useRoute()
  const router = useRouter()
  const home = route.path
  const trail = shallowRef<string[]>([])

  const filters = computed(() => {
    const read = { ...defaults }
    for (const key of Object.keys(defaults) as (keyof Filters & string)[]) {
      const given = route.query[key]
      if (typeof given === 'string') read[key] = given as Filters[typeof key]
    }
    return read
  })
  const cursor = computed(() => (typeof route.query.cursor === 'string' ? route.query.cursor : undefined))
  const number = computed(() => Math.max(1, Number(route.query.page) || 1))

  // While this page is being left, the route already belongs to the next one: do not ask with its query.
  const here = computed(() => route.path === home)
  const page = useLoad<KeysetPage<Row>>(
    () => [name, 'list', filters.value, cursor.value ?? ''],
    () => load(filters.value, cursor.value),
    { keep: true, enabled: here },
  )

  watch(filters, (now, before) => {
    if (JSON.stringify(now) !== JSON.stringify(before)) trail.value = []
  })

  function go(next: Filters, at: string | undefined, pageNumber: number, push: boolean): void {
    const query: Record<string, string> = {}
    for (const [key, value] of Object.entries(next)) if (value !== defaults[key]) query[key] = value
    if (at) Object.assign(query, { cursor: at, page: String(pageNumber) })
    void (push ? router.push({ query }) : router.replace({ query }))
  }

  return reactive({
    filters,
    page,
    rows: computed(() => page.data?.items),
    number,
    hasNext: computed(() => Boolean(page.data?.next)),
    filtered: computed(() => Object.entries(filters.value).some(([key, value]) => value !== defaults[key])),
    set: (patch: Partial<Filters>) => go({ ...filters.value, ...patch }, undefined, 1, false),
    reset: () => go({ ...defaults }, undefined, 1, false),
    next: () => {
      if (!page.data?.next) return
      trail.value = [...trail.value, cursor.value ?? '']
      go(filters.value, page.data.next, number.value + 1, true)
    },
    previous: () => {
      const before = trail.value.at(-1)
      trail.value = trail.value.slice(0, -1)
      go(filters.value, before, before ? number.value - 1 : 1, true)
    },
  }) as List<Row, Filters>
}
