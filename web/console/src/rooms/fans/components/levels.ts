import { computed, type ComputedRef } from 'vue'
import { api, unwrap, type Schema } from '../../../app/api'
import { may } from '../../../app/session'
import { useLoad } from '../../../composables/load'

/** The merchant's member levels, lowest first; none for who may not see members. */
export function useLevels(): ComputedRef<Schema<'LevelOut'>[]> {
  const loaded = useLoad(['levels'], () => unwrap(api.GET('/api/console/levels')), { enabled: may('members.read') })
  return computed(() => loaded.data?.levels ?? [])
}
