import { ref } from 'vue'
import { t } from '@/i18n'
import { frame, server } from '@/platform'
import { addToCart, mergeCart } from './calls'
import { renew, signedIn } from './session'
import type { Cart, CartFilled, Wanted } from './types'

/** How many pieces lie in the cart, for the badge on its tab. */
export const cartCount = ref(0)

const TAB = 2

export function learnCart(cart: Cart): void {
  cartCount.value = cart.quantity
  dressBadge()
}

/** Learns a cart that was filled, and says what could not go in it. */
export function learnFilled(filled: CartFilled, then?: () => void): void {
  learnCart(filled)
  const content = filled.left_out.map((one) => `${one.product_name} (${one.message})`).join('\n')
  if (content) uni.showModal({ title: t('order.again_left'), content, showCancel: false, confirmText: t('common.ok'), complete: then })
  else then?.()
}

/** The tab bar belongs to the system and is only there on tab pages. */
export function dressBadge(): void {
  const fail = () => undefined
  if (cartCount.value > 0) uni.setTabBarBadge({ index: TAB, text: cartCount.value > 99 ? '99+' : String(cartCount.value), fail })
  else uni.removeTabBarBadge({ index: TAB, fail })
}

const WAITING = `tiefen.cart:${server}:${frame}`
const waiting = (): Wanted[] => (uni.getStorageSync(WAITING) as Wanted[] | '') || []

/** Puts pieces in the cart. Signing in may leave the page for good, so what an unknown visitor picked waits on the device. */
export async function putInCart(sku_id: number, quantity: number): Promise<void> {
  if (signedIn.value) return learnCart(await addToCart(sku_id, quantity))
  const before = waiting()
  const more = before.find((line) => line.sku_id === sku_id)?.quantity ?? 0
  uni.setStorageSync(WAITING, [...before.filter((line) => line.sku_id !== sku_id), { sku_id, quantity: quantity + more }])
  await renew()
  await joinCart()
}

/** What waits on the device joins the fan's cart, once the fan is known. */
export async function joinCart(): Promise<void> {
  const lines = waiting()
  if (!lines.length) return
  uni.removeStorageSync(WAITING)
  try {
    learnFilled(await mergeCart(lines))
  } catch (thrown) {
    uni.setStorageSync(WAITING, lines)
    throw thrown
  }
}
