import { computed, type ComputedRef } from 'vue'
import { api, unwrap } from '../../../app/api'
import { may, session } from '../../../app/session'
import { useLoad } from '../../../composables/load'

/** Whom fans can be given to: who works here, or oneself for those who may not see the team. */
export function usePeople(): ComputedRef<{ id: number; name: string }[]> {
  const team = useLoad(['team', 'active'], () => unwrap(api.GET('/api/console/staff', { params: { query: { active: true, limit: 100 } } })), { enabled: may('team.read') })
  return computed(() => team.data?.items ?? (session.me.value ? [session.me.value] : []))
}
