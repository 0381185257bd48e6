/** What all phones and panels share: the accounts, and what time it is in the sandbox. */
import { computed, ref, shallowRef } from 'vue'
import { get } from './api'
import { hear } from './live'
import type { Account, ClockState, Listed } from './types'

export const accounts = shallowRef<Account[]>([])
export const clock = shallowRef<ClockState | null>(null)
/** Milliseconds by which the sandbox's world is ahead of this browser's clock. */
const ahead = ref(0)
const beat = ref(Date.now())

export const now = computed(() => new Date(clock.value?.frozen ? clock.value.now : beat.value + ahead.value))

export function setClock(state: ClockState): void {
  clock.value = state
  ahead.value = Date.parse(state.now) - Date.now()
  beat.value = Date.now()
}

export function accountName(appId: string): string {
  return accounts.value.find((one) => one.app_id === appId)?.name ?? appId
}

async function read(): Promise<void> {
  const [known, state] = await Promise.all([get<Listed<Account>>('/accounts'), get<ClockState>('/clock')])
  accounts.value = known.items
  setClock(state)
}

/** The merchant's accounts may be made after this page is open. */
export async function readAccounts(): Promise<void> {
  accounts.value = (await get<Listed<Account>>('/accounts')).items
}

export function followWorld(): void {
  hear('back', () => void read().catch(() => undefined))
  hear<ClockState>('clock', setClock)
  setInterval(() => (beat.value = Date.now()), 1000)
}
