import { computed, type ComputedRef } from 'vue'
import { api, unwrap, type Schema } from '../../../app/api'
import { useLoad } from '../../../composables/load'

/** What the merchant's member levels are called, lowest first; every member of staff may know. */
export function useLevels(): ComputedRef<Schema<'LevelBadgeOut'>[]> {
  const loaded = useLoad(['levels', 'names'], () => unwrap(api.GET('/api/console/level-names')))
  return computed(() => loaded.data ?? [])
}
