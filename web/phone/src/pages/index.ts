import type { Component } from 'vue'
import CodePage from './CodePage.vue'
import CollectPage from './CollectPage.vue'
import FanPage from './FanPage.vue'
import FansPage from './FansPage.vue'
import MePage from './MePage.vue'
import OrderPage from './OrderPage.vue'
import OrdersPage from './OrdersPage.vue'
import SalePage from './SalePage.vue'
import SalesPage from './SalesPage.vue'
import ShareKitPage from './ShareKitPage.vue'
import SharePage from './SharePage.vue'
import TodoPage from './TodoPage.vue'
import VerifyPage from './VerifyPage.vue'

/** Every page by the first part of its address: the page itself, and the one about a single thing (`/orders/1`). */
export const PAGES: Readonly<Record<string, { all: Component; one?: Component }>> = {
  '': { all: TodoPage },
  orders: { all: OrdersPage, one: OrderPage },
  'after-sales': { all: SalesPage, one: SalePage },
  share: { all: SharePage, one: ShareKitPage },
  fans: { all: FansPage, one: FanPage },
  code: { all: CodePage },
  me: { all: MePage },
  verify: { all: VerifyPage },
  collect: { all: CollectPage },
}

export function pageAt(head: string, one: string): Component {
  const here = PAGES[head]
  return (one ? here?.one : undefined) ?? here?.all ?? TodoPage
}

/** The addresses of all pages. */
export const ADDRESSES = Object.entries(PAGES).flatMap(([head, { one }]) => [`/${head}`, ...(one ? [`/${head}/1`] : [])])
