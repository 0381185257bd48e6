import type { Schema } from '@tiefen/client'
import { computed, ref } from 'vue'

export type Me = Schema<'Me'>
export type Permission = Me['permissions'][number]

/** `undefined` until the server was asked, `null` when nobody is signed in. */
export const me = ref<Me | null | undefined>(undefined)

export function signedOut(): void {
  me.value = null
}

export function may(permission: Permission): boolean {
  return me.value?.permissions.includes(permission) ?? false
}

export const known = computed(() => me.value !== undefined)
