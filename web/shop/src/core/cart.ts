import { ref } from 'vue'
import type { Cart } from './types'

/** How many pieces lie in the cart, for the badge on its tab. */
export const cartCount = ref(0)

const TAB = 2

export function learnCart(cart: Cart): void {
  cartCount.value = cart.quantity
  dressBadge()
}

/** The tab bar belongs to the system and is only there on tab pages. */
export function dressBadge(): void {
  const fail = () => undefined
  if (cartCount.value > 0) uni.setTabBarBadge({ index: TAB, text: cartCount.value > 99 ? '99+' : String(cartCount.value), fail })
  else uni.removeTabBarBadge({ index: TAB, fail })
}
