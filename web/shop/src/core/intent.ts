import { server } from '@/platform'
import { intention } from './wire'

/** What the fan is about to buy, and the key that makes placing it happen once. */
export interface Intent {
  lines: { sku_id: number; quantity: number }[]
  /** True when these lines leave the cart once ordered. */
  fromCart: boolean
  key: string
}

const STORED = `tiefen.intent:${server}`
let current: Intent | null = null

function keep(next: Intent | null): void {
  current = next
  // Kept beside memory so that reloading the checkout page does not lose it.
  if (next) uni.setStorageSync(STORED, next)
  else uni.removeStorageSync(STORED)
}

export function buyNow(lines: Intent['lines']): void {
  keep({ lines, fromCart: false, key: intention() })
}

export function buyCart(lines: Intent['lines']): void {
  keep({ lines, fromCart: true, key: intention() })
}

export function intended(): Intent | null {
  current ??= (uni.getStorageSync(STORED) as Intent | '') || null
  return current
}

/** A changed order is another intention: the server would refuse another body under the old key. */
export function renewKey(): void {
  const now = intended()
  if (now) keep({ ...now, key: intention() })
}

export function fulfilled(): void {
  keep(null)
}
