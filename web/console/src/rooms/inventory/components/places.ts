import { computed, type ComputedRef } from 'vue'
import { api, unwrap, type Schema } from '../../../app/api'
import { useLoad, type Loaded } from '../../../composables/load'

type Place = Schema<'LocationOut'>

/** All warehouses and stores, those in use, and a name for each id. */
export function usePlaces(): { all: Loaded<Place[]>; active: ComputedRef<Place[]>; nameOf: (id: number) => string } {
  const all = useLoad(['locations'], () => unwrap(api.GET('/api/console/locations')))
  return {
    all,
    active: computed(() => (all.data ?? []).filter((one) => one.active)),
    nameOf: (id) => all.data?.find((one) => one.id === id)?.name ?? `#${id}`,
  }
}
