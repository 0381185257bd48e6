import { computed, ref } from 'vue'
import { t } from '@/i18n'
import { cameBy, canBuy, frame, server, signIn } from '@/platform'
import { ApiError, refusal } from './errors'
import type { FanSession, SignIn } from './types'
import { exchange, type Ask } from './wire'

/** Merchants, and the sandbox's phones, share an origin: each keeps a token of its own. */
const STORED = `tiefen.token:${server}:${frame}`

const current = ref<string>(uni.getStorageSync(STORED) || '')
let renewing: Promise<void> | null = null

export const signedIn = computed(() => current.value !== '')

export function token(): string {
  return current.value
}

function keep(next: string): void {
  current.value = next
  uni.setStorageSync(STORED, next)
}

export function forget(): void {
  current.value = ''
  uni.removeStorageSync(STORED)
}

/** Signs in anew. Many calls may find the session gone at once: they share one attempt. */
export function renew(): Promise<void> {
  renewing ??= attempt().finally(() => {
    renewing = null
  })
  return renewing
}

async function attempt(): Promise<void> {
  if (!canBuy) throw new ApiError('refused', 'shop.open_in_wechat', t('outside.sentence'))
  try {
    await signIn(open, authorisation)
  } catch (thrown) {
    if (thrown instanceof ApiError) throw thrown
    throw new ApiError('broken', 'shop.sign_in', t('error.sign_in'))
  }
}

async function ask<T>(method: 'GET' | 'POST', path: string, what: Ask): Promise<T> {
  const reply = await exchange(method, path, what, '')
  if (reply.status >= 200 && reply.status < 300) return reply.body as T
  throw refusal(reply.status, reply.body)
}

async function open(way: SignIn): Promise<void> {
  const session =
    way.kind === 'mini'
      ? await ask<FanSession>('POST', '/api/shop/session/mini', { body: { code: way.code, scene: cameBy() ?? '' } })
      : await ask<FanSession>('POST', '/api/shop/session/oauth', { body: { code: way.code, state: way.state } })
  keep(session.token)
}

/** A fan who was signed in already came by a short link or a mini-program code; fails in silence, as counting does. */
export function arrive(): void {
  const scene = cameBy()
  if (scene !== null) exchange('POST', '/api/shop/arrivals', { body: { scene } }, token()).catch(() => undefined)
}

/** WeChat's page that asks the fan and comes `back`. */
async function authorisation(back: string): Promise<string> {
  const { url } = await ask<{ url: string }>('GET', '/api/shop/oauth-url', { query: { redirect: back } })
  return url
}
