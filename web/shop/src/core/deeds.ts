import { t, type Key } from '@/i18n'
import { buyAgain, cancelOrder, extendReceipt, receiveOrder, urgeOrder } from './calls'
import { learnFilled } from './cart'
import { asApiError } from './errors'
import { payOrder } from './pay'
import { visit } from './routes'
import type { Order } from './types'

/** What a fan can do to an order, asked for the same way in the list and on the order's own page. */
export type Deed = 'pay' | 'cancel' | 'receive' | 'urge' | 'extend'

const CALLS = { cancel: cancelOrder, receive: receiveOrder, urge: urgeOrder, extend: extendReceipt } as const
const DONE = { cancel: 'order.cancelled', receive: 'order.received_done', urge: 'order.urged', extend: 'order.extended' } as const

function sure(title: Key, content: Key): Promise<boolean> {
  return new Promise((resolve) => {
    uni.showModal({
      title: t(title),
      content: t(content),
      cancelText: t('common.back'),
      confirmText: t('common.ok'),
      success: ({ confirm }) => resolve(confirm),
      fail: () => resolve(false),
    })
  })
}

function tell(thrown: unknown): void {
  uni.showModal({ title: t('common.confirm'), content: asApiError(thrown).message, showCancel: false, confirmText: t('common.ok') })
}

/** Does it, after asking where it cannot be undone. Answers the order as it stands now, when that is known. */
export async function doToOrder(deed: Deed, no: string): Promise<Order | null> {
  if (deed === 'pay') {
    try {
      const said = await payOrder(no)
      visit('/trade/result/index', { no, said })
    } catch (thrown) {
      tell(thrown)
    }
    return null
  }
  if (deed === 'cancel' && !(await sure('order.cancel', 'order.cancel_ask'))) return null
  if (deed === 'receive' && !(await sure('order.receive', 'order.receive_ask'))) return null
  try {
    const order = await CALLS[deed](no)
    uni.showToast({ title: t(DONE[deed]), icon: 'none' })
    return order
  } catch (thrown) {
    tell(thrown)
    return null
  }
}

/** Puts what was bought back in the cart and goes there; what is not sold any more is said first. */
export async function again(no: string): Promise<void> {
  try {
    learnFilled(await buyAgain(no), () => visit('/pages/cart/index'))
  } catch (thrown) {
    tell(thrown)
  }
}
