import { computed, shallowRef } from 'vue'
import { api, ApiError, onSignedOut, unwrap, type Schema } from './api'

export type Me = Schema<'Me'>
export type Permission = Schema<'Permission'>

const me = shallowRef<Me | null>(null)
const asked = shallowRef(false)

onSignedOut(() => { me.value = null })

/** Who is signed in. Null before asking and when nobody is. */
export const session = {
  me,
  permissions: computed(() => new Set<string>(me.value?.permissions ?? [])),
}

/** True when the signed-in person may do this; no permission named means anybody signed in. */
export function may(permission: Permission | undefined): boolean {
  return me.value !== null && (permission === undefined || session.permissions.value.has(permission))
}

/** Asks the server once who we are; null when signed out. */
export async function whoAmI(): Promise<Me | null> {
  if (!asked.value) {
    try {
      me.value = await unwrap(api.GET('/api/console/me'))
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error
    }
    asked.value = true
  }
  return me.value
}

export async function refreshMe(): Promise<void> {
  me.value = await unwrap(api.GET('/api/console/me'))
}

export async function signIn(body: Schema<'SignIn'>): Promise<void> {
  await unwrap(api.POST('/api/console/session', { body }))
  await refreshMe()
  asked.value = true
}

export async function signOut(): Promise<void> {
  await unwrap(api.DELETE('/api/console/session'))
  me.value = null
}
