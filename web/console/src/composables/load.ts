import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, reactive, toValue, type MaybeRefOrGetter } from 'vue'

/** A running or finished question to the server, flat so that templates read it without `.value`. */
export interface Loaded<T> {
  data: T | undefined
  error: Error | null
  isPending: boolean
  isFetching: boolean
  /** When the data on screen was true, in milliseconds since the epoch. */
  dataUpdatedAt: number
  refetch: () => Promise<unknown>
}

export interface LoadOptions<T> {
  enabled?: MaybeRefOrGetter<boolean>
  /** Keep showing the old answer while a new one (another filter, another page) is on its way. */
  keep?: boolean
  everyMs?: number
  /** Ask again soon while this holds: something outside is still on its way. */
  whileTrue?: (data: T) => boolean
}

const SOON_MS = 3000

/** Asks the server for something and keeps it fresh; `key` names it in the cache and re-asks when it changes. */
export function useLoad<T>(key: MaybeRefOrGetter<readonly unknown[]>, load: () => Promise<T>, options: LoadOptions<T> = {}): Loaded<T> {
  const query = useQuery<T>({
    queryKey: computed(() => toValue(key)),
    queryFn: load,
    enabled: computed(() => toValue(options.enabled) ?? true),
    ...(options.keep ? { placeholderData: keepPreviousData } : {}),
    refetchInterval: (asked) => {
      const known = asked.state.data
      return options.everyMs ?? (known !== undefined && options.whileTrue?.(known) ? SOON_MS : false)
    },
  })
  const { data, error, isPending, isFetching, dataUpdatedAt, refetch } = query
  return reactive({ data, error, isPending, isFetching, dataUpdatedAt, refetch: () => refetch() }) as Loaded<T>
}
